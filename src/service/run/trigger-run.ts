import { checkInput } from '../../contract/input/check-input.ts';
import { checkTrigger } from '../../contract/rules/check-trigger.ts';
import { findDefinition } from '../../contract/rules/find-definition.ts';
import { isSameRequest, toKeyedRequest } from '../../contract/input/keyed-request.ts';
import type { KeyedRequest } from '../../contract/wire/run-fields.ts';
import { MEMO } from '../../contract/wire/messages.ts';
import type { Carried } from '../../contract/wire/messages.ts';
import { inTenant, tenantOf } from '../../contract/wire/tenant.ts';
import { toRunFields } from '../../contract/wire/run-fields.ts';
import type { RunMemo } from '../../contract/wire/run-fields.ts';
import type { Caller } from '../../contract/caller.ts';
import { TaskError, TaskErrorCode } from '../../contract/task-error.ts';
import type { TaskModule } from '../../contract/task-definition.ts';
import { TaskRunStatus } from '../../contract/task-run.ts';
import type { TaskRun, TaskRunDetails } from '../../contract/task-run.ts';
import type { TriggerOptions, TriggeredRun } from '../../contract/tasks.ts';
import { hiddenRunIdOfKey, newRunId, runIdOfKey, sha256, timeOfLink } from './run-id.ts';
import { toRow } from './to-row.ts';
import { startRun } from './start-run.ts';
import type { NewRun } from './start-run.ts';
import type { Temporal } from '../temporal/temporal.ts';
import { isGone } from '../temporal/to-task-error.ts';
import { EXECUTION, executionOf } from './to-task-run.ts';
import type { Executed } from './to-task-run.ts';
import { toDetails } from './user-metadata.ts';

export interface TriggerAsked extends TriggerOptions {
  readonly definition: string;
  readonly input: unknown;
  readonly rerunOf?: string;
  readonly resume?: Resume | undefined;
}

/** A run that goes on from an earlier one. */
export interface Resume {
  readonly of: string;
  /** The call with which it begins anew; undefined to go on from the last checkpoint. */
  readonly from: string | undefined;
  readonly carried: Carried;
  /** What it reuses, in words. */
  readonly reuses: string;
}

export interface Triggering {
  readonly temporal: Temporal;
  readonly tasks: TaskModule;
  readonly taskQueue: string;
  /** Null: whoever runs this process. */
  readonly caller: Caller | null;
  readonly get: (id: string) => Promise<TaskRunDetails>;
  /** Where people see a run. */
  readonly linkTo: ((id: string) => string) | undefined;
}

/** Starts a run, or finds the one that the key made before. Everything is checked before anything is asked. */
export async function triggerRun(asked: TriggerAsked, by: Triggering): Promise<TriggeredRun> {
  const run = await toNewRun(asked, by);
  // A run that is deleted between two calls makes its key free again.
  for (let last = false; ; last = true) {
    const { link } = await startRun(by.temporal, run);
    if (link !== null) return toTriggered(run, link);
    const earlier = await by.get(run.id).catch((error: unknown) => {
      if (!isGone(error)) throw error;
      if (last) throw beingDeleted(run);
      return null;
    });
    if (earlier) return toDeduplicated(run, earlier);
  }
}

async function toNewRun(asked: TriggerAsked, by: Triggering): Promise<NamedRun> {
  const definition = findDefinition(by.tasks, asked.definition);
  const options = checkTrigger(asked, Date.now());
  const read = await checkInput(definition, asked.input);
  const { key, name = definition.title, delay, tags, parent, priority } = options;
  const { input, rerunOf, resume } = asked;
  const { caller, taskQueue, linkTo } = by;
  const { name: actor = null, share } = caller ?? {};
  // What goes on is whose it was, whoever asks for it.
  const tenant = resume ? tenantOf(resume.of) : (caller?.tenant ?? null);
  const toId = by.temporal.encrypts ? hiddenRunIdOfKey : runIdOfKey;
  const id = inTenant(tenant, key === undefined ? newRunId(definition.id) : toId(key));
  const keyed =
    key === undefined
      ? undefined
      : hashed(toKeyedRequest(whatFor(definition.id, resume), { given: input, read }));
  const origin = { actor, tags, parent, rerunOf, resumeOf: resume?.of };
  return {
    id,
    definition: definition.id,
    taskQueue,
    input,
    carried: resume?.carried,
    reuses: resume?.reuses,
    name,
    ...origin,
    delay,
    priority,
    key,
    tenant,
    weight: share?.weight,
    fields: toRunFields({ name, input, keyed, tenant, reuses: resume?.reuses, ...origin }),
    details: toDetails({
      title: definition.title,
      definition: definition.id,
      key,
      link: linkTo?.(id),
      ...origin,
    }),
  };
}

interface NamedRun extends NewRun {
  readonly tags: readonly string[];
  readonly parent: string | undefined;
  readonly rerunOf: string | undefined;
  readonly resumeOf: string | undefined;
  readonly reuses: string | undefined;
}

/** A key that triggered a run is not one that resumed it, which is another run. */
const whatFor = (definition: string, resume: Resume | undefined): string =>
  resume ? `${definition} resumes ${resume.of} from ${resume.from ?? ''}` : definition;

/** What Temporal has just recorded, as it would tell it: no second call is needed. */
function toTriggered(run: NamedRun, link: string): TriggeredRun {
  const createdAt = timeOfLink(link) ?? new Date();
  const triggered: TriggeredRun & Executed = {
    id: run.id,
    definition: run.definition,
    name: run.name,
    status: TaskRunStatus.Pending,
    createdAt,
    scheduledFor: run.delay > 0 ? new Date(createdAt.getTime() + run.delay * 1000) : null,
    startedAt: null,
    finishedAt: null,
    iteration: 1,
    tags: run.tags,
    triggeredBy: run.actor,
    parent: run.parent ?? null,
    rerunOf: run.rerunOf ?? null,
    resumeOf: run.resumeOf ?? null,
    reuses: run.reuses ?? null,
    deduplicated: false,
    [EXECUTION]: {
      link,
      first: link,
      taskQueue: run.taskQueue,
      memo: run.fields.memo[MEMO],
      graceEndsAt: null,
      lastProgress: null,
    },
  };
  return triggered;
}

function toDeduplicated(run: NewRun, earlier: TaskRun): TriggeredRun {
  if (!isSameRequest(keyedOf(run.fields.memo[MEMO]), keyedOf(executionOf(earlier)?.memo)))
    throw new TaskError(
      TaskErrorCode.KeyConflict,
      `The key ${JSON.stringify(run.key)} was used before, with another definition or input, by run ${earlier.id}.`,
      { ...(run.key !== undefined && { key: run.key }), runId: earlier.id },
    );
  // A trigger answers the same fields whether it started the run or found it.
  return { ...toRow(earlier), deduplicated: true };
}

const hashed = ({ given, read }: KeyedRequest): KeyedRequest => ({
  given: given && sha256(given),
  read: read && sha256(read),
});
const keyedOf = (memo: RunMemo | null | undefined): KeyedRequest => ({
  given: memo?.keyed,
  read: memo?.keyedRead,
});

const beingDeleted = ({ id, key }: NewRun): TaskError =>
  new TaskError(
    TaskErrorCode.Unavailable,
    `The run of the key ${JSON.stringify(key)} is being deleted: the key is free in half a minute.`,
    { retryAfter: 30, runId: id, ...(key !== undefined && { key }) },
  );
