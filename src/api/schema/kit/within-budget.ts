import type { Tasks } from '../../../contract/tasks.ts';
import type { Operation } from './operation.ts';

/** The same tasks, asked for one operation and within its budget. What is followed live is not counted. */
export function withinBudget(tasks: Tasks, operation: Operation): Tasks {
  return {
    as: (actor) => withinBudget(tasks.as(actor), operation),
    definitions: () => tasks.definitions(),
    me: () => operation.ask(() => tasks.me()),
    server: () => operation.ask(() => tasks.server()),
    trigger: (request) => operation.change(() => tasks.trigger(request)),
    rerun: (request) => operation.change(() => tasks.rerun(request)),
    resume: (request) => operation.change(() => tasks.resume(request)),
    checkpoint: (run) => operation.ask(() => tasks.checkpoint(run)),
    abort: (request) => operation.change(() => tasks.abort(request)),
    terminate: (request) => operation.change(() => tasks.terminate(request)),
    delete: (id) => operation.change(() => tasks.delete(id)),
    updateSettings: (settings) => operation.change(() => tasks.updateSettings(settings)),
    get: (id) => operation.ask(() => tasks.get(id)),
    input: (run) => operation.ask(() => tasks.input(run)),
    outcome: (run) => operation.ask(() => tasks.outcome(run)),
    diagnose: (run) => operation.ask(() => tasks.diagnose(run)),
    list: (request) => operation.ask(() => tasks.list(request)),
    count: (filter) => operation.ask(() => tasks.count(filter)),
    counts: (filter) => operation.ask(() => tasks.counts(filter)),
    logs: (id, request) => operation.ask(() => tasks.logs(id, request)),
    timeline: (id, request) => operation.ask(() => tasks.timeline(id, request)),
    workers: () => operation.ask(() => tasks.workers()),
    settings: () => operation.ask(() => tasks.settings()),
    tail: (id, request) => tasks.tail(id, request),
    watch: (id, request) => tasks.watch(id, request),
    watchList: (filter, request) => tasks.watchList(filter, request),
  };
}
