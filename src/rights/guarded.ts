import { RIGHTS } from '../contract/caller.ts';
import type { Caller, Grant, Right } from '../contract/caller.ts';
import type { TaskModule } from '../contract/task-definition.ts';
import { TaskError, noSuchRun } from '../contract/task-error.ts';
import type { TaskRun, TaskRunDetails } from '../contract/task-run.ts';
import { NO_RUNS } from '../contract/tasks.ts';
import type { Tasks, TriggeredRun } from '../contract/tasks.ts';
import { unknownDefinition } from '../contract/rules/find-definition.ts';
import { afterLeave } from './after-leave.ts';
import { boundTrigger } from './bound-trigger.ts';
import { Denied } from './denied.ts';
import { forbidden } from './forbidden.ts';
import {
  withoutHidden,
  withoutHiddenEntries,
  withoutHiddenOutcome,
  withoutHiddenWords,
} from './hidden.ts';
import { narrowed } from './narrowed.ts';
import { picked } from './picked.ts';
import { isNamedBy, isWithin, may, mayEverywhere, mayOfAll, toSubject } from './rights.ts';
import { shownEvents } from './shown-events.ts';

/**
 * `Tasks` for a caller with rights: the one place where they are enforced. Every operation has its rule here, or this
 * does not compile. What is not there, and what the caller may not see, are answered in the same bytes; of what it
 * may see, a verb that it lacks is `FORBIDDEN`, and a field is null and named in `hidden`.
 *
 * `definitions` are the ids of all there are, private ones too: their runs can be seen, if not triggered.
 */
export function guarded<T extends TaskModule>(
  inner: Tasks<T>,
  asking: Caller,
  definitions: readonly string[],
): Tasks<T> {
  if (asking.grants === undefined && asking.tenant == null) return inner;
  // By ids alone: a list can be asked for them, so that it holds what can be read one by one.
  const caller = { ...asking, grants: asking.grants?.map((grant) => byId(grant, definitions)) };
  const operations = Object.entries(RULES).map(([name, rule]) => [
    name,
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- each rule takes what its operation takes
    (...args: unknown[]) => (rule as (...all: unknown[]) => unknown)(inner, caller, ...args),
  ]);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the rules are those of all operations
  return Object.freeze(Object.fromEntries(operations)) as Tasks<T>;
}

type Rule<K extends keyof Tasks> = (
  inner: Tasks,
  caller: Caller,
  ...args: Parameters<Tasks[K]>
) => ReturnType<Tasks[K]>;

const RULES: { readonly [K in keyof Tasks]: Rule<K> } = {
  // To become another caller would be a way out of one's rights.
  as: () => {
    throw new TaskError('FORBIDDEN', 'A caller cannot become another one.');
  },
  definitions: (inner, caller) =>
    inner.definitions().filter(({ id: definition }) => isKnown(caller, definition)),
  trigger: async (inner, caller, asked) => {
    const { definition, parent } = asked;
    if (!may(caller, 'trigger', { definition, triggeredBy: caller.name })) {
      const known = inner.definitions().flatMap(({ id }) => (isKnown(caller, id) ? id : []));
      if (known.includes(definition)) throw forbidden('trigger');
      throw unknownDefinition(definition, known);
    }
    const request = boundTrigger(caller, asked);
    if (parent) await seen(inner, caller, parent.id);
    return await triggered(inner, caller, request.key, () => inner.trigger(request));
  },
  rerun: async (inner, caller, asked) => {
    const request = boundTrigger(caller, asked);
    const { definition } = await seen(inner, caller, request.id);
    if (!may(caller, 'trigger', { definition, triggeredBy: caller.name }))
      throw forbidden('trigger');
    if (request.parent) await seen(inner, caller, request.parent.id);
    return await triggered(inner, caller, request.key, () => inner.rerun(request));
  },
  resume: async (inner, caller, asked) => {
    const request = boundTrigger(caller, asked);
    const run = await seen(inner, caller, request.id);
    if (!may(caller, 'trigger', { definition: run.definition, triggeredBy: caller.name }))
      throw forbidden('trigger');
    // What the earlier run had carries over into one whose output the caller sees.
    if (!may(caller, 'payloads', toSubject(run))) throw forbidden('payloads');
    if (request.parent) await seen(inner, caller, request.parent.id);
    return await triggered(inner, caller, request.key, () => inner.resume(request));
  },
  checkpoint: async (inner, caller, run) => {
    assertSeen(caller, run);
    return may(caller, 'payloads', toSubject(run)) ? await inner.checkpoint(run) : null;
  },
  abort: async (inner, caller, request) => {
    await allowed(inner, caller, request.id, 'abort');
    const result = await inner.abort(request);
    return { ...result, run: withoutHidden(caller, result.run) };
  },
  terminate: async (inner, caller, request) => {
    await allowed(inner, caller, request.id, 'abort');
    const result = await inner.terminate(request);
    return { ...result, run: withoutHidden(caller, result.run) };
  },
  delete: async (inner, caller, id) => {
    await allowed(inner, caller, id, 'delete');
    await inner.delete(id);
  },
  get: async (inner, caller, id) => withoutHidden(caller, await seen(inner, caller, id)),
  input: async (inner, caller, run) => {
    assertSeen(caller, run);
    return may(caller, 'payloads', toSubject(run)) ? await inner.input(run) : null;
  },
  outcome: async (inner, caller, run) => {
    assertSeen(caller, run);
    return withoutHiddenOutcome(caller, run, await inner.outcome(run));
  },
  diagnose: async (inner, caller, run) => {
    assertSeen(caller, run);
    return withoutHiddenWords(caller, run, await inner.diagnose(run));
  },
  list: async (inner, caller, request = {}) => {
    const filter = narrowed(caller, request.filter);
    if (!filter) return { runs: [], cursors: [], endCursor: null, hasNextPage: false };
    const page = await inner.list({ ...request, filter });
    // Temporal's index is written by workflow code too: what is shown is looked at once more.
    const isShown = page.runs.map((run) => may(caller, 'read', toSubject(run)));
    return {
      ...page,
      runs: page.runs.filter((_, at) => isShown[at]).map((run) => withoutHidden(caller, run)),
      cursors: page.cursors.filter((_, at) => isShown[at]),
    };
  },
  count: async (inner, caller, asked) => {
    const filter = narrowed(caller, asked);
    return filter ? await inner.count(filter) : 0;
  },
  counts: async (inner, caller, asked) => {
    const filter = narrowed(caller, asked);
    return filter ? await inner.counts(filter) : NO_RUNS;
  },
  logs: async (inner, caller, id, request) => {
    await allowed(inner, caller, id, 'logs');
    return await inner.logs(id, request);
  },
  timeline: async (inner, caller, id, request) => {
    const run = await seen(inner, caller, id);
    return withoutHiddenEntries(caller, run, await inner.timeline(id, request));
  },
  tail: (inner, caller, id, request) =>
    afterLeave(
      () => allowed(inner, caller, id, 'logs'),
      () => inner.tail(id, request),
    ),
  watch: (inner, caller, id, request) =>
    picked(
      afterLeave(
        () => seen(inner, caller, id),
        () => inner.watch(id, request),
      ),
      (run) => withoutHidden(caller, run),
    ),
  watchList: (inner, caller, asked, request) => {
    const filter = narrowed(caller, asked);
    return picked(inner.watchList(filter ?? NOTHING, request), shownEvents(caller));
  },
  workers: async (inner, caller) => {
    if (!mayOfAll(caller, 'operate')) throw forbidden('operate');
    return await inner.workers();
  },
  me: async (inner, caller) => ({
    ...(await inner.me()),
    rights: RIGHTS.filter((right) => may(caller, right)),
  }),
  server: (inner) => inner.server(),
  settings: async (inner, caller) => {
    if (!mayOfAll(caller, 'read')) throw forbidden('read');
    return await inner.settings();
  },
  updateSettings: async (inner, caller, settings) => {
    if (!mayOfAll(caller, 'settings')) throw forbidden('settings');
    return await inner.updateSettings(settings);
  },
};

const byId = (grant: Grant, known: readonly string[]): Grant =>
  grant.definitions
    ? {
        ...grant,
        definitions: known.filter((id) => grant.definitions?.some((one) => isNamedBy(one, id))),
      }
    : grant;

/** No run has this id. */
const NOTHING = { ids: ['~'] };

/** Whether a caller is told that there is this definition: it may see or make a run of it, be it one of its own. */
const isKnown = (caller: Caller, definition: string): boolean => {
  const own = { definition, triggeredBy: caller.name };
  return may(caller, 'read', own) || may(caller, 'trigger', own);
};

/** What was triggered, or was before: a run that the caller may not see is not shown for its key. */
async function triggered<R extends TriggeredRun>(
  inner: Tasks,
  caller: Caller,
  key: string | undefined,
  start: () => Promise<R>,
): Promise<R> {
  try {
    const run = await start();
    if (run.deduplicated && !mayKnow(caller, run)) throw keyConflict(key);
    return withoutHidden(caller, run);
  } catch (error) {
    // It names the run that holds the key.
    if (!(error instanceof TaskError) || error.code !== 'KEY_CONFLICT') throw error;
    const { runId } = error.details;
    if (runId !== undefined && (await isSeen(inner, caller, runId))) throw error;
    throw keyConflict(key);
  }
}

/** Its own run, whether it may read others or not. */
const mayKnow = (caller: Caller, run: TaskRun): boolean =>
  may(caller, 'read', toSubject(run)) ||
  (run.triggeredBy === caller.name && may(caller, 'trigger', toSubject(run)));

const keyConflict = (key: string | undefined): TaskError =>
  new TaskError(
    'KEY_CONFLICT',
    'The key was used before, with another definition or input.',
    key === undefined ? {} : { key },
  );

function assertSeen(caller: Caller, run: TaskRun): void {
  if (!may(caller, 'read', toSubject(run))) throw noSuchRun(run.id, new Denied('read'));
}

/** A run that the caller may see; of any other it is said that there is none, with no call when its id tells. */
async function seen(inner: Tasks, caller: Caller, id: string): Promise<TaskRunDetails> {
  if (!isWithin(caller, id)) throw noSuchRun(id, new Denied('tenant'));
  const run = await inner.get(id);
  assertSeen(caller, run);
  return run;
}

const isSeen = (inner: Tasks, caller: Caller, id: string): Promise<boolean> =>
  seen(inner, caller, id).then(
    () => true,
    () => false,
  );

/** Of a run that may be seen a lack of rights is told. It is looked at only when rights differ from run to run. */
async function allowed(inner: Tasks, caller: Caller, id: string, right: Right): Promise<void> {
  if (!isWithin(caller, id)) throw noSuchRun(id, new Denied('tenant'));
  if (mayEverywhere(caller, 'read') && mayEverywhere(caller, right)) return;
  const run = await seen(inner, caller, id);
  if (!may(caller, right, toSubject(run))) throw forbidden(right);
}
