import { setCurrentDetails } from '@temporalio/workflow';
import type { Progress } from '../contract/task-run.ts';
import { run } from './run-state.ts';

/** Shows where the run stands in Temporal Web UI; costs no event. */
export function showDetails(): void {
  const { log, abort } = run;
  const [last] = log.page({ after: log.next - 1 }).entries;
  const lines = [
    abort && `**Aborting**: ${toCode(`${abort.by ?? ''}: ${abort.reason ?? ''}`)}`,
    log.progress && `**Progress**: ${toText(log.progress)}`,
    last && `**Last line**: ${toCode(last.m)}`,
  ];
  setCurrentDetails(lines.filter(Boolean).join('\n\n') || NOTHING_YET);
}

// What an activity has just said is in its heartbeats: the workflow takes it in when it has ended, or said a lot.
const NOTHING_YET =
  'What the running activity reports is under **Pending Activities**, and here when it has ended.';

const toText = ({ done, total, message }: Progress): string =>
  `${done}${total === null ? '' : ` of ${total}`}${message === null ? '' : ` ${toCode(message)}`}`;

/** Shown as it is: whoever wrote it meant no Markdown. */
const toCode = (text: string): string => `\`${text.slice(0, 500).replaceAll(/[`\n]/g, ' ')}\``;
