import { ContinueAsNew, isCancellation, setCurrentDetails } from '@temporalio/workflow';
import type { Progress } from '../contract/task-run.ts';
import { codeOf, rootOf } from './to-failure.ts';
import { state } from './run-state.ts';
import type { Ending } from './run-state.ts';

/** Shows where the run stands in Temporal Web UI; costs no event. */
export function showDetails(): void {
  if (over) return;
  const { ending, activities, children } = state;
  const open = children.started - children.ended;
  show(
    ending && `**${ending.kind === 'ABORT' ? 'Aborting' : 'Stopping'}**${toCause(ending)}`,
    activities.count > 0 &&
      `**Running**: ${[...activities.names].map(toTimes).join(', ')} (what they report is under **Pending Activities**)`,
    open > 0 && `**Children**: ${children.ended} of ${children.started} have ended`,
  );
}

/** The same for a run that is over: how it ended. */
export function showEnd(failure?: Error): void {
  over = true;
  show(toEnd(failure));
}

/** Activities and children may still come to their ends, in the moment in which the run comes to its own. */
let over = false;

function show(...lines: readonly (string | false | undefined)[]): void {
  const { log } = state;
  const [last] = log.page({ after: log.next - 1 }).entries;
  const all = [
    ...lines,
    log.progress && `**Progress**: ${toText(log.progress)}`,
    last && `**Last line**: ${toCode(last.m)}`,
  ];
  setCurrentDetails(all.filter(Boolean).join('\n\n'));
}

function toEnd(failure: Error | undefined): string {
  if (!failure) return '**Succeeded**';
  if (failure instanceof ContinueAsNew) return `**Goes on** as iteration ${state.iteration + 1}`;
  const { ending } = state;
  if (ending?.kind === 'ABORT' && isCancellation(failure)) {
    const cleanUp = ending.cleanUp === undefined ? '' : `, clean-up ${toCode(ending.cleanUp)}`;
    return `**Aborted**${toCause(ending)} (${MODES[ending.mode]}${cleanUp})`;
  }
  const root = rootOf(failure);
  return `**Failed** with ${toCode(codeOf(root))}: ${toCode(root.message)}`;
}

const MODES: Record<Ending['mode'], string> = {
  GRACEFUL: 'at a checkpoint',
  FORCED: 'by force, after its grace',
  BEFORE_START: 'before it began',
};

const toCause = ({ by, reason }: Ending): string =>
  `${by === null ? '' : ` by ${toCode(by)}`}${reason === null ? '' : `: ${toCode(reason)}`}`;

const toTimes = ([name, count]: readonly [string, number]): string =>
  `${count > 1 ? `${count} × ` : ''}${toCode(inWords(name))}`;

/** `checksumFolder` is "Checksum folder" in Temporal Web UI. */
export function inWords(name: string): string {
  const words = name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`).trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function toText({ done, total, message }: Progress): string {
  const part = total === null ? '' : ` of ${total}`;
  const percent = total !== null && total > 0 ? ` (${Math.floor((100 * done) / total)} %)` : '';
  return `${done}${part}${percent}${message === null ? '' : `, ${toCode(message)}`}`;
}

/** Shown as it is: whoever wrote it meant no Markdown. */
const toCode = (text: string): string => `\`${text.slice(0, 500).replaceAll(/[`\n]/g, ' ')}\``;
