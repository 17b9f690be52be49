import type { TaskRun } from '../../contract/task-run.ts';
import type { RerunRequest, TriggerOptions, TriggeredRun } from '../../contract/tasks.ts';
import type { Builder } from './kit/builder.ts';
import type { GatewayContext } from './kit/context.ts';
import { orProblem, typeOf } from './kit/problem.ts';
import type { Problem } from './kit/problem.ts';
import type { Problems } from './add-problems.ts';
import type { Tokens } from './add-tokens.ts';
import { toTriggerOptions } from './add-trigger-options.ts';

interface Triggered {
  readonly type: 'TaskRunTriggered' | 'TaskRunDeduplicated';
  readonly run: TaskRun;
}

/** The mutations that start runs, and what all of them answer. */
export function addTrigger(builder: Builder, problems: Problems, tokens: Tokens) {
  const member = (name: Triggered['type'], description: string) =>
    builder.objectRef<Triggered>(name).implement({
      description,
      fields: (t) => ({
        run: t.field({ type: 'TaskRun', description: 'The run.', resolve: ({ run }) => run }),
        token: t.field({
          type: tokens.minted,
          nullable: true,
          description:
            'A token for the run, so that a browser follows it: made when it is asked for. Null beside an error that says why: this gateway mints none, or none for this caller.',
          args: tokens.forRun,
          resolve: async ({ run }, { can, expiresIn }, { minter }) =>
            tokens.toMinted(await minter.forTriggered(run, { can: can ?? undefined, expiresIn })),
        }),
      }),
    });

  const result = builder.unionType('TriggerTaskResult', {
    description: 'What came of a trigger.',
    types: [
      member('TaskRunTriggered', 'A run was started.'),
      member('TaskRunDeduplicated', 'The key was used before: this is the run that it made then.'),
      problems.invalidInput,
      problems.taskDefinitionNotFound,
      problems.taskRunNotFound,
      problems.invalidArgument,
      problems.keyConflict,
      problems.payloadTooLarge,
      problems.forbidden,
    ],
    resolveType: typeOf,
  });

  builder.mutationField('triggerTask', (t) =>
    t.field({
      type: result,
      description:
        'Starts a run of any definition. The mutations named after the definitions do the same with typed inputs.',
      args: {
        definition: t.arg.id({ required: true, description: 'Id of the definition.' }),
        input: t.arg({
          type: 'JSON',
          description: "What the definition's `inputSchema` asks for. Default: an empty object.",
        }),
        options: t.arg({ type: 'TriggerOptions', description: 'How to trigger it.' }),
      },
      resolve: async (_, { definition, input, options }, context) =>
        await trigger(context, definition, input ?? {}, toTriggerOptions(options)),
    }),
  );

  builder.mutationField('rerunTaskRun', (t) =>
    t.field({
      type: result,
      description:
        'Triggers a new run with the input of an old one. The two name each other in `rerunOf` and `reruns`.',
      args: {
        id: t.arg.id({ required: true, description: 'The run to repeat.' }),
        input: t.arg({ type: 'JSON', description: 'Another input than it had.' }),
        options: t.arg({ type: 'TriggerOptions', description: 'How to trigger it.' }),
      },
      resolve: async (_, { id, input, options }, context) =>
        await rerun(context, {
          id,
          ...toTriggerOptions(options),
          ...(input != null && { input }),
        }),
    }),
  );

  return result;
}

export async function trigger(
  { tasks, loaders }: GatewayContext,
  definition: string,
  input: unknown,
  options: TriggerOptions,
): Promise<Triggered | Problem> {
  loaders.clear();
  return await orProblem(async () =>
    toTriggered(await tasks.trigger({ ...options, definition, input })),
  );
}

async function rerun(
  { tasks, loaders }: GatewayContext,
  request: RerunRequest,
): Promise<Triggered | Problem> {
  loaders.clear();
  return await orProblem(async () => toTriggered(await tasks.rerun(request)));
}

const toTriggered = (run: TriggeredRun): Triggered => ({
  type: run.deduplicated ? 'TaskRunDeduplicated' : 'TaskRunTriggered',
  run,
});
