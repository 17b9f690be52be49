import type { GraphQLSchema } from 'graphql';
import type { TaskDefinitionInfo } from '../contract/tasks.ts';
import { addAbort } from './schema/change/add-abort.ts';
import { countAnswers } from './schema/kit/count-answers.ts';
import { createBuilder } from './schema/kit/builder.ts';
import type { Builder } from './schema/kit/builder.ts';
import { addDeleteTaskRun } from './schema/change/add-delete-task-run.ts';
import { addDiagnosis } from './schema/add-diagnosis.ts';
import { addProblems } from './schema/add-problems.ts';
import { addResume } from './schema/change/add-resume.ts';
import { addRunLog } from './schema/add-run-log.ts';
import { addStep } from './schema/add-step.ts';
import { addTaskDefinition } from './schema/add-task-definition.ts';
import { addTaskRunConnection } from './schema/list/add-task-run-connection.ts';
import { addTaskRunCounts } from './schema/list/add-task-run-counts.ts';
import { addTaskRunFilter } from './schema/list/add-task-run-filter.ts';
import { addTaskRunListEvent } from './schema/list/add-task-run-list-event.ts';
import { addTaskRunStatus } from './schema/add-task-run-status.ts';
import { addTaskRun } from './schema/add-task-run.ts';
import { addTimeline } from './schema/add-timeline.ts';
import { addTokens } from './schema/add-tokens.ts';
import { addTriggerOptions } from './schema/add-trigger-options.ts';
import { addTrigger } from './schema/add-trigger.ts';
import { addTypedTriggers } from './schema/typed/typed-triggers.ts';
import { nameTypedTriggers } from './schema/typed/typed-trigger-names.ts';
import type { TypedTriggerName } from './schema/typed/typed-trigger-names.ts';
import { addServer } from './schema/add-server.ts';
import { addWorker } from './schema/add-worker.ts';
import type { WebUi } from './schema/kit/shapes.ts';

export interface SchemaOptions {
  /** What callers may trigger. */
  readonly definitions: readonly TaskDefinitionInfo[];
  /** Adds types and fields of another vocabulary. Called for each of the two schemas that are built. */
  readonly extend?: ((builder: Builder) => void) | undefined;
  /** Where Temporal Web UI is, so that runs link to their pages there. */
  readonly webUi?: WebUi | undefined;
}

/** The whole schema: ours, a typed trigger for each public definition, and what `extend` adds. */
export function createSchema(options: SchemaOptions): GraphQLSchema {
  // Typed triggers take the names that nothing else has, so the rest is built first to see which those are.
  const taken = build(options, new Map());
  return countAnswers(build(options, nameTypedTriggers(options.definitions, taken)));
}

function build(
  { definitions, extend, webUi }: SchemaOptions,
  names: ReadonlyMap<string, TypedTriggerName>,
): GraphQLSchema {
  const builder = createBuilder();
  builder.queryType({ description: 'What can be read.' });
  builder.mutationType({
    description:
      'What can be changed. Each answers a union: a success, or a `Problem` that says what to do. GraphQL errors are for faults only.',
  });
  builder.subscriptionType({ description: 'What can be followed live.' });

  addTaskRunStatus(builder);
  addStep(builder);
  addDiagnosis(builder);
  addWorker(builder);
  addServer(builder, webUi);
  addTaskDefinition(builder, (id) => names.get(id)?.mutation ?? 'triggerTask');
  addTaskRun(builder, webUi);
  addTaskRunFilter(builder);
  addTaskRunConnection(builder);
  addTaskRunCounts(builder);
  addTaskRunListEvent(builder);
  addTimeline(builder);
  addRunLog(builder);
  const problems = addProblems(builder);
  addTriggerOptions(builder);
  const result = addTrigger(builder, problems, addTokens(builder, problems));
  addResume(builder, problems);
  addAbort(builder, problems);
  addDeleteTaskRun(builder, problems);
  addTypedTriggers(builder, { definitions, names, result });
  extend?.(builder);
  return builder.toSchema();
}
