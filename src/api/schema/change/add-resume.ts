import { whyNotResumed } from '../../../contract/rules/check-resume.ts';
import type { CheckpointCall, ResumedCall, ResumedRun, Reuse } from '../../../contract/tasks.ts';
import type { CallKind } from '../../../contract/wire/resumption.ts';
import type { Builder } from '../kit/builder.ts';
import { orProblem, typeOf } from '../kit/problem.ts';
import type { Problems } from '../add-problems.ts';
import { toTriggerOptions } from '../add-trigger-options.ts';

/** The mutation that goes on from a run that failed or was aborted, and what it would go on from. */
export function addResume(builder: Builder, problems: Problems): void {
  const kind = builder.enumType('CallKind', {
    description: 'What a run called.',
    values: {
      ACTIVITY: { description: 'One of its steps.' },
      CHILD: { description: 'Another task, whose output it waited for.' },
      TRIGGERED: { description: 'A run of its own, which it only started.' },
    } satisfies Record<CallKind, object>,
  });
  const reuse = builder.enumType('Reuse', {
    description:
      'What becomes of a call in a run that goes on, when that comes to the same call again.',
    values: {
      RESULT: { description: 'It had ended: its result is answered at once.' },
      CHECKPOINT: { description: 'It goes on from its last checkpoint.' },
      AGAIN: { description: 'It begins anew.' },
      LEFT_OUT: { description: 'It begins anew, as what it left is too large to be handed over.' },
    } satisfies Record<Reuse, object>,
  });
  const resumedCall = builder.objectRef<ResumedCall>('ResumedCall').implement({
    description: 'A call of an earlier run, and what becomes of it.',
    fields: (t) => ({
      id: t.exposeID('id', { description: 'For `from`: it and all after it begin anew.' }),
      name: t.exposeString('name', { description: 'The step, or the id of the definition.' }),
      kind: t.expose('kind', { type: kind, description: 'What was called.' }),
      how: t.expose('how', { type: reuse, description: 'What becomes of it.' }),
    }),
  });
  const checkpointCall = builder.objectRef<CheckpointCall>('CheckpointCall').implement({
    description: 'A call of a run that is over, and what it would go on from.',
    fields: (t) => ({
      id: t.exposeID('id', { description: 'For `from`: it and all after it begin anew.' }),
      name: t.exposeString('name', { description: 'The step, or the id of the definition.' }),
      kind: t.expose('kind', { type: kind, description: 'What was called.' }),
      how: t.expose('how', { type: reuse, description: 'What becomes of it.' }),
      state: t.expose('state', {
        type: 'JSON',
        nullable: true,
        description: 'What it recorded at its last checkpoint; null unless it goes on from there.',
      }),
    }),
  });

  builder.objectField('TaskRun', 'checkpoint', (t) =>
    t.field({
      type: [checkpointCall],
      nullable: true,
      description:
        'What `resumeTaskRun` would go on from, call by call; null for a run that it refuses, or whose input is hidden. A call, and one for each 1,000 events.',
      resolve: async (run, _, { loaders }) =>
        whyNotResumed(run) === null ? ((await loaders.checkpoint(run))?.calls ?? null) : null,
    }),
  );

  interface Resumed {
    readonly type: 'TaskRunResumed';
    readonly run: ResumedRun;
  }
  const resumed = builder.objectRef<Resumed>('TaskRunResumed').implement({
    description: 'A run goes on from the earlier one.',
    fields: (t) => ({
      run: t.field({ type: 'TaskRun', description: 'The new run.', resolve: ({ run }) => run }),
      deduplicated: t.boolean({
        description: 'The key was used for the same before: this is the run that it made then.',
        resolve: ({ run }) => run.deduplicated,
      }),
      calls: t.field({
        type: [resumedCall],
        description: 'The calls of the earlier run in their order, and what becomes of each.',
        resolve: ({ run }) => [...run.calls],
      }),
    }),
  });
  const result = builder.unionType('ResumeTaskRunResult', {
    description: 'What came of resuming a run.',
    types: [
      resumed,
      problems.nothingToResume,
      problems.taskRunNotFound,
      problems.invalidInput,
      problems.taskDefinitionNotFound,
      problems.invalidArgument,
      problems.keyConflict,
      problems.payloadTooLarge,
      problems.forbidden,
    ],
    resolveType: typeOf,
  });

  builder.mutationField('resumeTaskRun', (t) =>
    t.field({
      type: result,
      description:
        "Triggers a new run that goes on from where one that failed or was aborted was, with today's code: what that had done is not done again. The two name each other in `resumeOf` and `resumedBy`.",
      args: {
        id: t.arg.id({ required: true, description: 'The run to go on from.' }),
        input: t.arg({
          type: 'JSON',
          description:
            'Another input than its last iteration had. Steps whose arguments differ are done again, or go on from their last checkpoint if they had not ended.',
        }),
        from: t.arg.id({
          description:
            'The `id` of a call in its `checkpoint`: this one and all after it begin anew.',
        }),
        options: t.arg({ type: 'TriggerOptions', description: 'How to trigger it.' }),
      },
      resolve: async (_, { id, input, from, options }, { tasks, loaders }) => {
        loaders.clear();
        return await orProblem(async (): Promise<Resumed> => {
          const run = await tasks.resume({
            id,
            ...toTriggerOptions(options),
            ...(input != null && { input }),
            ...(from != null && { from }),
          });
          return { type: 'TaskRunResumed', run };
        });
      },
    }),
  );
}
