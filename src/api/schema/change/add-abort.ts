import type { AbortMode, CleanUp, TaskRun } from '../../../contract/task-run.ts';
import type { AbortResult, TerminateResult, Tasks } from '../../../contract/tasks.ts';
import type { Builder } from '../kit/builder.ts';
import { withoutNulls } from '../kit/without-nulls.ts';
import { orProblem, typeOf } from '../kit/problem.ts';
import type { RunProblem } from '../kit/problem.ts';
import type { Problems } from '../add-problems.ts';

export function addAbort(builder: Builder, problems: Problems): void {
  builder.enumType('AbortMode', {
    description: 'How an abort took effect.',
    values: {
      GRACEFUL: { description: 'The run stopped by itself, at a checkpoint.' },
      FORCED: { description: 'It did not stop within its grace, and was abandoned.' },
      BEFORE_START: { description: 'It had not begun, and never did.' },
      TERMINATED: { description: 'Temporal ended it at once, without clean-up.' },
      TOO_LATE: { description: 'It succeeded before the abort took effect.' },
    } satisfies Record<AbortMode, object>,
  });

  const cleanUp = builder.objectRef<CleanUp>('CleanUp').implement({
    description: 'What came of the clean-up of a run that was stopped.',
    fields: (t) => ({
      outcome: t.field({
        type: builder.enumType('CleanUpOutcome', {
          description: 'How a clean-up ended.',
          values: {
            DONE: { description: 'It did what it had to.' },
            FAILED: { description: 'It failed: `error` says with what.' },
            TIMED_OUT: { description: 'It did not end within the grace, and was abandoned.' },
          } as const,
        }),
        description: 'How it ended.',
        resolve: ({ outcome }) => outcome,
      }),
      error: t.exposeString('error', {
        nullable: true,
        description: 'What it failed with; null unless it did.',
      }),
    }),
  });

  builder.objectType('Abort', {
    description: 'Who asked a run to stop, why, and what came of it.',
    fields: (t) => ({
      by: t.exposeString('by', {
        nullable: true,
        description: 'Who asked; null when it came around this API and named nobody.',
      }),
      reason: t.exposeString('reason', {
        nullable: true,
        description: 'Why; null when nobody said.',
      }),
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
      cleanUp: t.expose('cleanUp', {
        type: cleanUp,
        nullable: true,
        description:
          "What came of its definition's clean-up; null when it has none, and until it has ended.",
      }),
    }),
  });

  const requested = builder.objectRef<Aborting>('TaskRunAborting').implement({
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
  const terminated = builder.objectRef<Terminated>('TaskRunTerminated').implement({
    description: 'The run was ended at once, without clean-up.',
    fields: (t) => ({
      run: t.field({ type: 'TaskRun', description: 'The run.', resolve: ({ run }) => run }),
    }),
  });
  const aborting = builder.objectRef<RunProblem>('AlreadyAborting').implement({
    description:
      "The run is being aborted already. The first reason stands; `terminateTaskRun` doesn't wait for its grace.",
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
  const refused = [
    finished,
    problems.taskRunNotFound,
    problems.invalidArgument,
    problems.forbidden,
  ] as const;

  builder.mutationField('abortTaskRun', (t) =>
    t.field({
      type: builder.unionType('AbortTaskRunResult', {
        description: 'What came of an abort.',
        types: [requested, aborting, ...refused],
        resolveType: typeOf,
      }),
      description:
        'Asks a run to stop at its next checkpoint and to clean up. Answers when the request is recorded.',
      args: {
        id: t.arg.id({ required: true, description: 'The run.' }),
        reason: t.arg.string({ description: REASON }),
        grace: t.arg.int({
          description:
            "Seconds that it may take to stop, from 0 to 3,600, instead of its definition's.",
        }),
      },
      resolve: async (_, { id, ...more }, { tasks, loaders }) => {
        loaders.clear();
        return await orProblem(async () => {
          const { reason, grace } = withoutNulls(more);
          const { outcome, run } = await tasks.abort({ id, reason, grace });
          return OF_ABORT[outcome](run, graceEnd(tasks, run, grace));
        });
      },
    }),
  );

  builder.mutationField('terminateTaskRun', (t) =>
    t.field({
      type: builder.unionType('TerminateTaskRunResult', {
        description: 'What came of a termination.',
        types: [terminated, ...refused],
        resolveType: typeOf,
      }),
      description:
        'Ends a run at once, without clean-up: for one whose worker is gone or whose code keeps failing. Answers when it has ended.',
      args: {
        id: t.arg.id({ required: true, description: 'The run.' }),
        reason: t.arg.string({ description: REASON }),
      },
      resolve: async (_, { id, ...more }, { tasks, loaders }) => {
        loaders.clear();
        return await orProblem(async () => {
          const { outcome, run } = await tasks.terminate({ id, ...withoutNulls(more) });
          return OF_TERMINATION[outcome](run);
        });
      },
    }),
  );
}

const REASON = 'Why: at most 1,000 characters. It is stored in clear text and shown with the run.';

interface Aborting {
  readonly type: 'TaskRunAborting';
  readonly run: TaskRun;
  readonly graceEndsAt: Date | null;
}
interface Terminated {
  readonly type: 'TaskRunTerminated';
  readonly run: TaskRun;
}

const alreadyFinished = (run: TaskRun): RunProblem => ({
  type: 'AlreadyFinished',
  code: 'ALREADY_FINISHED',
  message: `${run.id} has ended: it is ${run.status}.`,
  details: {},
  run,
});

const OF_ABORT: Readonly<
  Record<AbortResult['outcome'], (run: TaskRun, graceEndsAt: Date | null) => Aborting | RunProblem>
> = {
  ABORTING: (run, graceEndsAt) => ({ type: 'TaskRunAborting', run, graceEndsAt }),
  ALREADY_ABORTING: (run) => ({
    type: 'AlreadyAborting',
    code: 'ALREADY_ABORTING',
    message: `${run.id} is being aborted already; the first reason stands.`,
    details: {},
    run,
  }),
  ALREADY_FINISHED: alreadyFinished,
};

const OF_TERMINATION: Readonly<
  Record<TerminateResult['outcome'], (run: TaskRun) => Terminated | RunProblem>
> = {
  TERMINATED: (run) => ({ type: 'TaskRunTerminated', run }),
  ALREADY_FINISHED: alreadyFinished,
};

function graceEnd(tasks: Tasks, run: TaskRun, asked: number | undefined): Date | null {
  if (run.startedAt === null) return null;
  const grace = asked ?? tasks.definitions().find(({ id }) => id === run.definition)?.grace;
  return grace === undefined ? null : new Date(Date.now() + grace * 1000);
}
