import { defineQuery, defineSignal, setHandler } from '@temporalio/workflow';
import { LOGS_QUERY, LOG_SIGNAL } from '../definition/messages.ts';
import type { Carried } from '../definition/messages.ts';
import { RunLog } from '../definition/run-log.ts';
import type { LogPageRequest, WireLogPage } from '../definition/run-log.ts';
import { run } from './run-state.ts';

const logSignal = defineSignal<[envelope: unknown]>(LOG_SIGNAL);
const logsQuery = defineQuery<WireLogPage, [request?: LogPageRequest]>(LOGS_QUERY);

/** Takes over what the iteration before handed on, and opens the run's log. */
export function beginRun(carried?: Carried): void {
  run.iteration = carried?.iteration ?? 1;
  run.startedAt = carried?.startedAt ?? Date.now();
  run.log = new RunLog(carried?.log);
  setHandler(logSignal, (envelope) => run.log.apply(envelope));
  setHandler(logsQuery, (request) => run.log.page(request));
}
