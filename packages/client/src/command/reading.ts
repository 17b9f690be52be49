import { spawn } from 'node:child_process';
import { TaskError } from '../../../../src/contract/task-error.ts';
import { isClosed, TaskRunStatus } from '../../../../src/contract/task-run.ts';
import type { TaskRun, TaskRunDetails } from '../../../../src/contract/task-run.ts';
import type { LogFilter } from '../../../../src/contract/tasks.ts';
import type { LogLevel } from '../../../../src/contract/wire/run-log.ts';
import type { RemoteFilter } from '../answers/to-filter-input.ts';
import { Catalogue } from '../documents/generated.ts';
import { RunError } from '../run-error.ts';
import type { Command, Context, Given } from './command.ts';
import { UsageError } from './command.ts';
import { Ended, ExitCode } from './exit-code.ts';
import { findRun } from './run-of-id.ts';
import { followRun, leave, printLine } from './follow-run.ts';
import { barOf, toJson } from './screen.ts';

const LEVELS: readonly LogLevel[] = ['DEBUG', 'INFO', 'WARN', 'ERROR'];

/** Commands that change nothing. */
export const reading: readonly Command[] = [
  {
    name: 'tasks',
    args: '[show <task>]',
    help: 'the tasks that can be triggered; of one, its schema and examples',
    options: {},
    run: tasks,
  },
  {
    name: 'list',
    args: '',
    help: 'runs, the newest first',
    options: {
      status: {
        type: 'string',
        short: 's',
        multiple: true,
        value: 'STATUS',
        help: 'where they stand',
        choices: Object.values(TaskRunStatus),
      },
      definition: { type: 'string', short: 'd', multiple: true, value: 'TASK', help: 'of a task' },
      tag: { type: 'string', short: 't', multiple: true, value: 'TAG', help: 'with any of these' },
      by: { type: 'string', multiple: true, value: 'WHO', help: 'who triggered them' },
      search: {
        type: 'string',
        short: 'q',
        value: 'WORDS',
        help: 'words of the name, or of an id',
      },
      since: { type: 'string', value: '2d', help: 'not older than s, m, h or d' },
      limit: { type: 'string', short: 'n', value: '20', help: 'how many' },
      watch: { type: 'boolean', help: 'goes on with what enters, changes and leaves' },
    },
    run: list,
  },
  {
    name: 'show',
    args: '<id>',
    help: 'where a run stands, and why',
    options: {},
    run: show,
  },
  {
    name: 'logs',
    args: '<id>',
    help: 'the log of a run',
    options: {
      follow: { type: 'boolean', short: 'f', help: 'until it is over, with its progress' },
      level: {
        type: 'string',
        short: 'l',
        multiple: true,
        value: 'LEVEL',
        help: 'only these',
        choices: LEVELS,
      },
      step: { type: 'string', multiple: true, value: 'STEP', help: 'only of these' },
      grep: { type: 'string', value: 'TEXT', help: 'only lines with this in them' },
      after: { type: 'string', value: 'CURSOR', help: 'only lines after this one' },
      tail: { type: 'string', value: 'N', help: 'the last ones' },
    },
    run: logs,
  },
  {
    name: 'wait',
    args: '<id>',
    help: 'waits for a run, prints its output and ends as it did',
    options: {},
    run: wait,
  },
  { name: 'workers', args: '', help: 'the processes that execute runs', options: {}, run: workers },
  { name: 'open', args: '<id>', help: 'the page of a run', options: {}, run: open },
];

async function tasks({ client, screen }: Context, { args }: Given): Promise<void> {
  const { taskDefinitions } = await client.ask(Catalogue, {});
  const [verb, id] = args;
  if (verb === undefined) {
    const rows = screen.table(
      taskDefinitions.map(({ id, title, worker }) => [
        id,
        title,
        worker?.online === true ? 'worker online' : 'no worker',
      ]),
    );
    for (const [at, row] of rows.entries()) screen.print(row, taskDefinitions[at]);
    return;
  }
  if (verb !== 'show' || id === undefined) throw new UsageError('Expected `tasks show <task>`.');
  const found = taskDefinitions.find((one) => one.id === id);
  if (!found)
    throw new TaskError('TASK_DEFINITION_NOT_FOUND', `There is no task ${JSON.stringify(id)}.`);
  const { title, description, inputSchema, examples } = found;
  const words = [
    title,
    description,
    `Input: ${JSON.stringify(inputSchema, undefined, 2)}`,
    ...examples.map((example) => `waymark trigger ${id} '${JSON.stringify(example)}'`),
  ];
  screen.print(words.filter(Boolean).join('\n'), found);
}

async function list({ client, screen, signal }: Context, given: Given): Promise<void> {
  const filter: RemoteFilter = {
    status: given.all('status').map(toStatus),
    definition: given.all('definition'),
    tagsAny: given.all('tag'),
    actor: given.all('by'),
    search: given.one('search'),
    createdAfter: sinceOf(given.one('since')),
  };
  if (given.has('watch')) {
    for await (const event of client.watchList(filter, { signal }))
      if (event.type === 'LEFT') screen.print(`LEFT  ${event.id}`, event);
      else screen.print(rowsOf(screen, [event.run])[0] ?? '', toJson(event.run));
    throw new Ended(ExitCode.Interrupted);
  }
  let left = given.number('limit') ?? 20;
  for (let after: string | undefined; left > 0;) {
    const page = await client.list({ filter, first: Math.min(left, 100), after });
    const rows = rowsOf(screen, page.runs);
    for (const [at, run] of page.runs.entries()) screen.print(rows[at] ?? '', toJson(run));
    left -= page.runs.length;
    if (!page.hasNextPage) return;
    after = page.endCursor ?? undefined;
  }
}

const rowsOf = (screen: Context['screen'], runs: readonly TaskRun[]): readonly string[] =>
  screen.table(
    runs.map(({ id, name, status, createdAt }) => [status, id, screen.time(createdAt), name]),
  );

async function show({ client, screen }: Context, { args: [id = ''] }: Given): Promise<void> {
  const run = await findRun(client, id);
  const [outcome, diagnosis] = await Promise.all([client.outcome(run), client.diagnose(run)]);
  const { error, abort, output } = outcome;
  const progress = outcome.progress ?? run.progress;
  const words = [
    `${screen.paint(run.status)}  ${run.name}  ${run.id}`,
    `${run.definition}, triggered ${screen.time(run.createdAt)}${run.triggeredBy === null ? '' : ` by ${run.triggeredBy}`}`,
    progress && barOf(run, progress),
    ...run.steps.map(
      ({ name, state, attempt, lastFailure }) =>
        `step ${name}: ${state}, attempt ${attempt}${lastFailure === null ? '' : `, after ${lastFailure}`}`,
    ),
    diagnosis && `${diagnosis.code}: ${diagnosis.message ?? ''} ${diagnosis.action}`,
    error &&
      `${error.code}: ${error.message ?? ''}${error.step === null ? '' : ` (${error.step})`}`,
    abort &&
      `Abort${abort.by === null ? '' : ` by ${abort.by}`}: ${abort.reason ?? 'no reason'}${abort.mode === null ? '' : `, ${abort.mode}`}`,
    run.status === 'SUCCEEDED' && `Output: ${JSON.stringify(output)}`,
  ];
  const { steps, abortRequested } = run;
  const value = { ...toJson(run), steps, abortRequested, ...outcome, progress, diagnosis };
  screen.print(words.filter(Boolean).join('\n'), value);
}

async function logs(context: Context, given: Given): Promise<void> {
  const { client, screen } = context;
  const run = await findRun(client, given.args[0] ?? '');
  const search = given.one('grep');
  const [levels, steps] = [given.all('level').map(toLevel), given.all('step')];
  const wanted: LogFilter = {
    ...(levels.length > 0 && { levels }),
    ...(steps.length > 0 && { steps }),
    ...(search !== undefined && { search }),
  };
  let after = given.one('after');
  const last = given.number('tail');
  if (last !== undefined) {
    const page = await client.logs(run.id, { after, filter: wanted, last });
    for (const [at, line] of page.lines.entries())
      printLine(screen, line, page.cursors[at] ?? page.cursor);
    after = page.cursor;
  }
  if (given.has('follow')) return followRun(context, run, { after, filter: wanted });
  for (let more = last === undefined; more;) {
    const page = await client.logs(run.id, { after, filter: wanted, first: 1000 });
    for (const [at, line] of page.lines.entries())
      printLine(screen, line, page.cursors[at] ?? page.cursor);
    after = page.cursor;
    more = page.hasMore;
  }
}

async function wait(context: Context, { args: [id = ''] }: Given): Promise<void> {
  const { client, screen, signal } = context;
  const run: TaskRunDetails = await findRun(client, id);
  for await (const now of client.watch(run.id, { signal })) screen.bar(barOf(now, now.progress));
  screen.bar('');
  if (signal.aborted) throw leave(screen, run.id);
  const now = await client.get(run.id);
  if (!isClosed(now.status)) throw new TaskError('UNAVAILABLE', 'The gateway broke off.');
  const outcome = await client.outcome(now);
  if (now.status !== 'SUCCEEDED') throw new RunError(now, outcome);
  screen.print(JSON.stringify(outcome.output), outcome.output);
}

async function workers({ client, screen }: Context): Promise<void> {
  const all = await client.workers();
  const rows = screen.table(
    all.map(({ identity, status, taskQueue, lastSeen, sdkVersion }) => [
      status,
      identity,
      taskQueue,
      screen.time(lastSeen),
      sdkVersion,
    ]),
  );
  for (const [at, row] of rows.entries()) screen.print(row, all[at]);
}

async function open(
  { client, screen, origin }: Context,
  { args: [id = ''] }: Given,
): Promise<void> {
  const run = await findRun(client, id);
  const url = `${origin}/console/runs/${encodeURIComponent(run.id)}`;
  screen.print(url, { url });
  const program = OPENERS[process.platform] ?? 'xdg-open';
  if (screen.isTerminal)
    spawn(program, [url], { stdio: 'ignore', detached: true, shell: program === 'start' })
      .once('error', () => {})
      .unref();
}
const OPENERS: Readonly<Partial<Record<NodeJS.Platform, string>>> = {
  darwin: 'open',
  win32: 'start',
};

// The words were compared with the choices.
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
const toStatus = (text: string): TaskRunStatus => text.toUpperCase() as TaskRunStatus;
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
const toLevel = (text: string): LogLevel => text.toUpperCase() as LogLevel;

const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };
function sinceOf(text: string | undefined): Date | undefined {
  if (text === undefined) return undefined;
  const [, amount = '', unit = ''] = /^(\d+)([smhd])$/.exec(text) ?? [];
  const seconds = SECONDS[unit];
  if (seconds === undefined)
    throw new UsageError(`Expected --since to be like 30m or 2d, got ${text}.`);
  return new Date(Date.now() - Number(amount) * seconds * 1000);
}
