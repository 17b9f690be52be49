import { checkAbort } from '../../contract/rules/check-abort.ts';
import { TaskError } from '../../contract/task-error.ts';
import type { TaskRun } from '../../contract/task-run.ts';
import type { AbortResult, Tasks } from '../../contract/tasks.ts';
import type { Builder } from './kit/builder.ts';
import { given } from './kit/without-nulls.ts';
import { inOwnWords } from './kit/own-words.ts';
import { orProblem, typeOf } from './kit/problem.ts';
import type { RunProblem } from './kit/problem.ts';
import type { Problems } from './add-problems.ts';

export function addAbort(builder: Builder, problems: Problems): void {
  builder.enumType('AbortMode', {
    description: 'How an abort took effect.',
    values: {
      GRACEFUL: { description: 'The run stopped by itself, at a checkpoint.' },
      FORCED: { description: 'It did not stop within its grace, and was abandoned.' },
      BEFORE_START: { description: 'It had not begun, and never did.' },
      TERMINATED: { description: 'Temporal ended it at once, without clean-up.' },
      TOO_LATE: { description: 'It succeeded before the abort took effect.' },
    },
  });

  builder.objectType('Abort', {
    description: 'Who asked a run to stop, why, and what came of it.',
    fields: (t) => ({
      by: t.exposeString('by', {
        description: 'Who asked; empty when it came around this API and named nobody.',
      }),
      reason: t.exposeString('reason', { description: 'Why; empty when none was given.' }),
      at: t.expose('at', { type: 'DateTime', description: 'When the abort was recorded.' }),
      mode: t.expose('mode', {
        type: 'AbortMode',
        nullable: true,
        description: 'How it took effect; null while the run has not stopped.',
      }),
      graceEndsAt: t.expose('graceEndsAt', {
        type: 'DateTime',
        nullable: true,
        description:
          'When the run is abandoned if it has not stopped by then; null once it is over, and before a worker has seen the abort.',
      }),
      cleanUp: t.exposeString('cleanUp', {
        nullable: true,
        description: '`DONE`, `TIMED_OUT` or the error of its clean-up; null when it has none.',
      }),
    }),
  });

  const requested = builder.objectRef<AbortRequested>('AbortRequested').implement({
    description: 'The abort is recorded: the run ends, at the latest when its grace is over.',
    fields: (t) => ({
      run: t.field({ type: 'TaskRun', description: 'The run.', resolve: ({ run }) => run }),
      graceEndsAt: t.field({
        type: 'DateTime',
        nullable: true,
        description:
          'When it is abandoned if it has not stopped by then, reckoned from now: a worker that is not there sees the abort later. Null for a run that had not begun, which ends without running.',
        resolve: ({ graceEndsAt }) => graceEndsAt,
      }),
    }),
  });
  const terminated = builder.objectRef<RunTerminated>('RunTerminated').implement({
    description: 'The run was ended at once, without clean-up, as `force` asks.',
    fields: (t) => ({
      run: t.field({ type: 'TaskRun', description: 'The run.', resolve: ({ run }) => run }),
    }),
  });
  const aborting = builder.objectRef<RunProblem>('AlreadyAborting').implement({
    description:
      "The run is being aborted already. The first reason stands; `force: true` doesn't wait for its grace.",
    interfaces: ['Problem'],
    fields: (t) => ({
      run: t.field({ type: 'TaskRun', description: 'The run.', resolve: ({ run }) => run }),
    }),
  });
  const finished = builder.objectRef<RunProblem>('AlreadyFinished').implement({
    description: 'The run is over: there is nothing to abort.',
    interfaces: ['Problem'],
    fields: (t) => ({
      run: t.field({ type: 'TaskRun', description: 'The run.', resolve: ({ run }) => run }),
    }),
  });

  const result = builder.unionType('AbortTaskRunResult', {
    description: 'What came of an abort.',
    types: [
      requested,
      terminated,
      aborting,
      finished,
      problems.taskRunNotFound,
      problems.invalidArgument,
      problems.forbidden,
    ],
    resolveType: typeOf,
  });

  builder.mutationField('abortTaskRun', (t) =>
    t.field({
      type: result,
      description:
        'Asks a run to stop at its next checkpoint and to clean up. Answers when the request is recorded.',
      args: {
        id: t.arg.id({ required: true, description: 'The run.' }),
        reason: t.arg.string({
          description:
            'Why: at most 1,000 characters. It is stored in clear text and shown with the run.',
        }),
        grace: t.arg.int({
          description:
            "Seconds that it may take to stop, from 0 to 3,600, instead of its definition's.",
        }),
        force: t.arg.boolean({
          defaultValue: false,
          description:
            'End it at once, without clean-up: for a run whose worker is gone or whose code keeps failing.',
        }),
      },
      resolve: async (_, args, { tasks, loaders }) => {
        loaders.clear();
        return await orProblem(async () => await abort(tasks, args));
      },
    }),
  );
}

/** In seconds, as it is asked for here. */
function checkGrace(seconds: number | undefined): void {
  if (seconds === undefined || (seconds >= 0 && seconds <= 3600)) return;
  throw new TaskError(
    'INVALID_ARGUMENT',
    `Expected \`grace\` to be from 0 to 3600 seconds (an hour), got ${seconds}.`,
  );
}

interface AbortRequested {
  readonly type: 'AbortRequested';
  readonly run: TaskRun;
  readonly graceEndsAt: Date | null;
}
interface RunTerminated {
  readonly type: 'RunTerminated';
  readonly run: TaskRun;
}
interface AbortArguments {
  readonly id: string;
  readonly reason?: string | null | undefined;
  readonly grace?: number | null | undefined;
  readonly force?: boolean | null | undefined;
}

async function abort(
  tasks: Tasks,
  { id, reason, grace, force }: AbortArguments,
): Promise<AbortRequested | RunTerminated | RunProblem> {
  const seconds = grace ?? undefined;
  checkGrace(seconds);
  inOwnWords({ message: 'reason' }, () => checkAbort({ id, ...given({ message: reason }) }));
  const result = await tasks.abort({
    id,
    ...given({ message: reason, force }),
    ...(seconds !== undefined && { grace: seconds * 1000 }),
  });
  return TO_MEMBER[result.outcome](result.run, graceEnd(tasks, result.run, seconds));
}

const TO_MEMBER: Readonly<
  Record<
    AbortResult['outcome'],
    (run: TaskRun, graceEndsAt: Date | null) => AbortRequested | RunTerminated | RunProblem
  >
> = {
  ABORTING: (run, graceEndsAt) => ({ type: 'AbortRequested', run, graceEndsAt }),
  TERMINATED: (run) => ({ type: 'RunTerminated', run }),
  ALREADY_ABORTING: (run) => ({
    type: 'AlreadyAborting',
    code: 'ALREADY_ABORTING',
    message: `${run.id} is being aborted already; the first reason stands.`,
    details: {},
    run,
  }),
  ALREADY_FINISHED: (run) => ({
    type: 'AlreadyFinished',
    code: 'ALREADY_FINISHED',
    message: `${run.id} has ended: it is ${run.status}.`,
    details: {},
    run,
  }),
};

function graceEnd(tasks: Tasks, run: TaskRun, seconds: number | undefined): Date | null {
  if (run.startedAt === null) return null;
  const grace =
    seconds === undefined
      ? tasks.definitions().find(({ id }) => id === run.definition)?.grace
      : seconds * 1000;
  return grace === undefined ? null : new Date(Date.now() + grace);
}
