import type { InputIssue } from '../../contract/task-error.ts';
import type { Builder } from './kit/builder.ts';
import { typeOf } from './kit/problem.ts';
import type { Problem, ProblemCode, ProblemType } from './kit/problem.ts';

export type Problems = ReturnType<typeof addProblems>;

/** The interface and its members, for the unions of the mutations. */
export function addProblems(builder: Builder) {
  builder.enumType('ProblemCode', {
    description: 'Why a change was not made.',
    values: {
      TASK_DEFINITION_NOT_FOUND: {
        description: 'No definition that may be triggered has this id.',
      },
      TASK_RUN_NOT_FOUND: {
        description: 'No run has this id, or Temporal no longer keeps it.',
      },
      INVALID_INPUT: { description: "The input does not fit the definition's schema." },
      INVALID_ARGUMENT: { description: 'An argument other than the input is out of bounds.' },
      INVALID_DELAY: { description: '`delay` or `runAt` is out of bounds, or both were given.' },
      PAYLOAD_TOO_LARGE: { description: 'The input has more bytes than Temporal takes.' },
      KEY_CONFLICT: { description: 'The key was used before, with another definition or input.' },
      NOTHING_TO_RESUME: { description: 'The run is not over, or has succeeded.' },
      FORBIDDEN: { description: 'The caller may not do this.' },
      ALREADY_ABORTING: {
        description: 'The run is being aborted already; the first reason stands.',
      },
      ALREADY_FINISHED: { description: 'The run is over.' },
    } satisfies Record<ProblemCode, object>,
  });

  builder.interfaceType('Problem', {
    description:
      'Why a change was not made. Every member of a result that is not a success is one.',
    resolveType: typeOf,
    fields: (t) => ({
      message: t.exposeString('message', {
        description: 'What was expected and what came, in words that can be shown.',
      }),
      code: t.expose('code', { type: 'ProblemCode', description: 'The reason, for programs.' }),
    }),
  });

  const issue = builder.objectRef<InputIssue>('InputIssue').implement({
    description: 'What is wrong with one field of an input.',
    fields: (t) => ({
      path: t.stringList({
        description:
          'Where the field is: keys and list positions from the outside in; empty for the whole input.',
        resolve: ({ path }) => path.map(String),
      }),
      code: t.exposeString('code', {
        description: 'What is wrong, for programs, such as `invalid_type` or `too_small`.',
      }),
      message: t.exposeString('message', { description: 'What is wrong, in words.' }),
    }),
  });

  const plain = (name: ProblemType, description: string) =>
    builder.objectRef<Problem>(name).implement({ description, interfaces: ['Problem'] });

  return {
    invalidInput: builder.objectRef<Problem>('InvalidInput').implement({
      description: "The input does not fit the definition's schema. Nothing was triggered.",
      interfaces: ['Problem'],
      fields: (t) => ({
        issues: t.field({
          type: [issue],
          description: 'One for each field that is wrong.',
          resolve: ({ details }) => details.issues ?? [],
        }),
      }),
    }),
    taskDefinitionNotFound: builder.objectRef<Problem>('TaskDefinitionNotFound').implement({
      description: 'No definition that may be triggered has this id.',
      interfaces: ['Problem'],
      fields: (t) => ({
        suggestions: t.field({
          type: ['ID'],
          description: 'Ids that may have been meant, the nearest first.',
          resolve: ({ details }) => details.suggestions ?? [],
        }),
      }),
    }),
    keyConflict: builder.objectRef<Problem>('KeyConflict').implement({
      description:
        'This key was used before, with another definition or input. Nothing was triggered: take another key.',
      interfaces: ['Problem'],
      fields: (t) => ({
        // Not `run`: GraphQL refuses a selection in which one name can be null in one member only.
        usedBy: t.field({
          type: 'TaskRun',
          nullable: true,
          description: 'The run that this key made; null when Temporal no longer keeps it.',
          resolve: async ({ details: { runId } }, _, { loaders }) =>
            runId === undefined ? null : await loaders.run(runId),
        }),
      }),
    }),
    taskRunNotFound: plain(
      'TaskRunNotFound',
      'No run has this id, or it ended so long ago that Temporal no longer keeps it.',
    ),
    invalidArgument: builder.objectRef<Problem>('InvalidArgument').implement({
      description:
        'An argument other than the input is out of bounds: a name, a tag, a key, a delay, a priority, a reason, a grace, what a token may do and for how long.',
      interfaces: ['Problem'],
      fields: (t) => ({
        argument: t.string({
          nullable: true,
          description: 'Its name, as the message quotes it; null when it is about several.',
          resolve: ({ details }) => details.argument,
        }),
      }),
    }),
    payloadTooLarge: plain('PayloadTooLarge', 'The input has more bytes than Temporal takes.'),
    nothingToResume: plain(
      'NothingToResume',
      'The run is not over, or has succeeded: only one that failed or was aborted is gone on from.',
    ),
    forbidden: plain('Forbidden', 'The caller may not do this.'),
  };
}
