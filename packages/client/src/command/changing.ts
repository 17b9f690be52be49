import { createInterface } from 'node:readline/promises';
import type { TriggerOptions } from '../../../../src/contract/tasks.ts';
import type { Command, Context, Given, Option } from './command.ts';
import { UsageError } from './command.ts';
import { Ended, ExitCode } from './exit-code.ts';
import { findRun } from './run-of-id.ts';
import { followRun } from './follow-run.ts';
import { askInput, readInput } from './read-input.ts';
import { toJson } from './screen.ts';

const TRIGGER_OPTIONS: Readonly<Record<string, Option>> = {
  name: { type: 'string', value: 'NAME', help: 'what to show people' },
  key: { type: 'string', value: 'KEY', help: 'the same key is the same run' },
  tag: { type: 'string', short: 't', multiple: true, value: 'TAG', help: 'words to find it by' },
  delay: { type: 'string', value: 'SECONDS', help: 'to wait before it runs' },
  at: { type: 'string', value: 'TIME', help: 'when to run, such as 2026-11-24T06:00:00Z' },
  priority: { type: 'string', value: '1-5', help: 'from first to last' },
  parent: { type: 'string', value: 'ID', help: 'the run that it belongs to' },
  follow: { type: 'boolean', short: 'f', help: 'then its log, until it is over' },
};
const YES: Option = { type: 'boolean', short: 'y', help: 'without asking' };

/** Commands that change something. */
export const changing: readonly Command[] = [
  {
    name: 'trigger',
    args: '<task> [input|@file|-]',
    help: 'starts a run',
    options: {
      ...TRIGGER_OPTIONS,
      interactive: { type: 'boolean', short: 'i', help: 'asks for the input, field by field' },
    },
    run: trigger,
  },
  {
    name: 'rerun',
    args: '<id> [input|@file|-]',
    help: 'starts a run with the input of an old one',
    options: TRIGGER_OPTIONS,
    run: rerun,
  },
  {
    name: 'abort',
    args: '<id...>',
    help: 'asks runs to stop at their next checkpoint',
    options: {
      reason: { type: 'string', short: 'r', value: 'REASON', help: 'why; it is kept' },
      grace: { type: 'string', value: 'SECONDS', help: 'that they may take' },
      force: { type: 'boolean', help: 'ends them at once, without clean-up' },
      yes: YES,
    },
    run: abort,
  },
  {
    name: 'rm',
    args: '<id...>',
    help: 'removes runs and their logs; an open one is ended',
    options: { yes: YES },
    run: remove,
  },
];

async function trigger(context: Context, given: Given): Promise<void> {
  const { client } = context;
  const [definition = '', input] = given.args;
  const run = await client.trigger({
    ...optionsOf(given),
    definition,
    input: given.has('interactive')
      ? await askFor(context, definition)
      : input === undefined
        ? {}
        : await readInput(input),
  });
  await answer(context, given, run);
}

async function rerun(context: Context, given: Given): Promise<void> {
  const [id = '', input] = given.args;
  const old = await findRun(context.client, id);
  const run = await context.client.rerun({
    ...optionsOf(given),
    id: old.id,
    ...(input !== undefined && { input: await readInput(input) }),
  });
  await answer(context, given, run);
}

async function answer(
  context: Context,
  given: Given,
  run: Awaited<ReturnType<Context['client']['trigger']>>,
): Promise<void> {
  context.screen.print(run.id, { ...toJson(run), deduplicated: run.deduplicated });
  if (given.has('follow')) await followRun(context, run);
}

async function askFor({ client, screen }: Context, definition: string): Promise<object> {
  const found = (await client.definitions()).find(({ id }) => id === definition);
  // The gateway says which there are.
  if (!found) return {};
  screen.say(found.title);
  return askInput(found.inputSchema);
}

async function abort(context: Context, given: Given): Promise<void> {
  const { client, screen } = context;
  const reason = given.one('reason');
  const grace = given.number('grace');
  const isForced = given.has('force');
  const runs = await Promise.all(given.args.map((id) => findRun(client, id)));
  const verb = isForced ? 'End at once' : 'Abort';
  await confirm(
    context,
    given,
    `${verb} ${runs.map(({ name, id }) => `${name} (${id})`).join(', ')}?`,
  );
  let isRefused = false;
  for (const { id } of runs) {
    const { outcome, run } = isForced
      ? await client.terminate({ id, reason })
      : await client.abort({ id, reason, grace });
    screen.print(`${outcome}  ${id}`, { outcome, run: toJson(run) });
    isRefused ||= outcome === 'ALREADY_FINISHED';
  }
  if (isRefused) throw new Ended(ExitCode.Refused);
}

async function remove(context: Context, given: Given): Promise<void> {
  const { client, screen } = context;
  const runs = await Promise.all(given.args.map((id) => findRun(client, id)));
  await confirm(
    context,
    given,
    `Remove ${runs.map(({ name, id }) => `${name} (${id})`).join(', ')}?`,
  );
  for (const { id } of runs) {
    await client.delete(id);
    screen.print(`DELETED  ${id}`, { outcome: 'DELETED', id });
  }
}

/** Only somebody who sits there can be asked. */
async function confirm({ screen }: Context, given: Given, question: string): Promise<void> {
  if (given.has('yes') || !screen.isTerminal) return;
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    if (/^y(?:es)?$/i.test((await lines.question(`${question} [y/N] `)).trim())) return;
  } finally {
    lines.close();
  }
  throw new Ended(ExitCode.Refused);
}

function optionsOf(given: Given): TriggerOptions {
  const at = given.one('at');
  const parent = given.one('parent');
  const runAt = at === undefined ? undefined : new Date(at);
  if (runAt && Number.isNaN(runAt.getTime()))
    throw new UsageError(`Expected --at to be a time, got ${at ?? ''}.`);
  return {
    name: given.one('name'),
    key: given.one('key'),
    ...(given.all('tag').length > 0 && { tags: given.all('tag') }),
    delay: given.number('delay'),
    runAt,
    priority: given.number('priority'),
    ...(parent !== undefined && { parent: { id: parent } }),
  };
}
