import { defineQuery, defineSignal, setHandler } from '@temporalio/workflow';
import { LOGS_QUERY, LOG_SIGNAL } from '../contract/wire/messages.ts';
import type { Carried } from '../contract/wire/messages.ts';
import { RunLog } from '../contract/wire/run-log.ts';
import type { LogPageRequest, WireLogPage } from '../contract/wire/run-log.ts';
import { run } from './run-state.ts';
import { showDetails } from './show-details.ts';

const logSignal = defineSignal<[envelope: unknown]>(LOG_SIGNAL);
const logsQuery = defineQuery<WireLogPage, [request?: LogPageRequest]>(LOGS_QUERY);

/** Lines and progress that an activity has sent, by whichever way. */
export function takeIn(envelope: unknown): void {
  run.log.apply(envelope);
  showDetails();
}

/** Takes over what the iteration before handed on, and opens the run's log. */
export function beginRun(carried?: Carried): void {
  run.iteration = carried?.iteration ?? 1;
  run.startedAt = carried?.startedAt ?? Date.now();
  run.log = new RunLog(carried?.log);
  setHandler(logSignal, takeIn);
  setHandler(logsQuery, (request) => run.log.page(request));
  showDetails();
}
