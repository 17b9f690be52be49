import { TaskError } from '../contract/task-error.ts';
import type { TaskErrorCode } from '../contract/task-error.ts';
import type { Tasks } from '../contract/tasks.ts';
import { Denied } from '../rights/denied.ts';
import type { AuditAction, Tell, Told } from './decision.ts';

type About = Omit<Told, 'action' | 'outcome' | 'reason'>;

/**
 * `Tasks` whose decisions are told: of what changes something each one, allowed or not; of what reads the refusals
 * alone. What one may not see is told here as what it is, and to the caller as what does not exist.
 */
export function audited(tasks: Tasks, tell: Tell): Tasks {
  const change = async <T>(
    action: AuditAction,
    about: About,
    work: Promise<T>,
    became: (result: T) => Omit<Told, 'action' | 'outcome'> = () => ({}),
  ): Promise<T> => {
    let result: T;
    try {
      result = await work;
    } catch (error) {
      tell({ action, ...about, ...failureOf(error) });
      throw error;
    }
    tell({ action, outcome: 'success', ...about, ...became(result) });
    return result;
  };
  const read = async <T>(action: AuditAction, about: About, work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } catch (error) {
      if (isRefusal(error)) tell({ action, ...about, ...failureOf(error) });
      throw error;
    }
  };
  const follow = <T>(
    action: AuditAction,
    about: About,
    values: AsyncIterableIterator<T>,
  ): AsyncIterableIterator<T> => ({
    next: () => read(action, about, values.next()),
    return: async () => (await values.return?.()) ?? { done: true, value: undefined },
    [Symbol.asyncIterator]() {
      return this;
    },
  });
  return {
    as: (caller) => audited(tasks.as(caller), tell),
    trigger: (request) =>
      change('run-trigger', { definition: request.definition }, tasks.trigger(request), startedAs),
    rerun: (request) =>
      change('run-rerun', { rerunOf: request.id }, tasks.rerun(request), startedAs),
    resume: (request) =>
      change('run-resume', { resumeOf: request.id }, tasks.resume(request), startedAs),
    checkpoint: (run) => read('run-read', { run: run.id }, tasks.checkpoint(run)),
    abort: (request) =>
      change('run-abort', asked(request), tasks.abort(request), ({ outcome, run }) => ({
        reason: outcome,
        definition: run.definition,
      })),
    terminate: (request) =>
      change('run-terminate', asked(request), tasks.terminate(request), ({ outcome, run }) => ({
        reason: outcome,
        definition: run.definition,
      })),
    delete: (id) => change('run-delete', { run: id }, tasks.delete(id)),
    updateSettings: (settings) => change('settings-change', {}, tasks.updateSettings(settings)),
    get: (id) => read('run-read', { run: id }, tasks.get(id)),
    input: (run) => read('run-read', { run: run.id }, tasks.input(run)),
    outcome: (run) => read('run-read', { run: run.id }, tasks.outcome(run)),
    diagnose: (run) => read('run-read', { run: run.id }, tasks.diagnose(run)),
    timeline: (id, request) => read('run-read', { run: id }, tasks.timeline(id, request)),
    logs: (id, request) => read('log-read', { run: id }, tasks.logs(id, request)),
    tail: (id, request) => follow('log-read', { run: id }, tasks.tail(id, request)),
    watch: (id, request) => follow('run-read', { run: id }, tasks.watch(id, request)),
    workers: () => read('worker-read', {}, tasks.workers()),
    settings: () => read('settings-read', {}, tasks.settings()),
    // Nobody is refused these: of what one may not see they hold nothing.
    list: (request) => tasks.list(request),
    count: (filter) => tasks.count(filter),
    counts: (filter) => tasks.counts(filter),
    watchList: (filter, request) => tasks.watchList(filter, request),
    definitions: () => tasks.definitions(),
    me: () => tasks.me(),
    server: () => tasks.server(),
  };
}

const asked = ({ id, reason }: { readonly id: string; readonly reason?: string | undefined }) => ({
  run: id,
  said: reason,
});

const startedAs = (run: {
  readonly id: string;
  readonly definition: string;
  readonly deduplicated: boolean;
}) => ({
  run: run.id,
  definition: run.definition,
  ...(run.deduplicated && { reason: 'DEDUPLICATED' }),
});

const isRefusal = (error: unknown): boolean =>
  error instanceof TaskError && (error.code === 'FORBIDDEN' || error.cause instanceof Denied);

/** Why something was not done, with what the caller is not told. */
export function failureOf(error: unknown): Pick<Told, 'outcome' | 'reason'> {
  if (!(error instanceof TaskError)) return { outcome: 'unknown', reason: 'INTERNAL' };
  const { code, cause } = error;
  if (cause instanceof Denied)
    return {
      outcome: 'failure',
      reason: `${code === 'FORBIDDEN' ? 'right' : 'hidden'}:${cause.lacks}`,
    };
  return { outcome: MAY_HAVE_HAPPENED.has(code) ? 'unknown' : 'failure', reason: code };
}

const MAY_HAVE_HAPPENED: ReadonlySet<TaskErrorCode> = new Set([
  'RESULT_UNKNOWN',
  'TIMEOUT',
  'UNAVAILABLE',
]);
