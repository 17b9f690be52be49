import { defineQuery, defineSignal, setHandler } from '@temporalio/workflow';
import { LOGS_QUERY, LOG_SIGNAL } from '../contract/wire/messages.ts';
import type { Carried } from '../contract/wire/messages.ts';
import { EarlierCalls } from '../contract/wire/resumption.ts';
import { RunLog } from '../contract/wire/run-log.ts';
import type { LogPageRequest, WireLogPage } from '../contract/wire/run-log.ts';
import { state } from './run-state.ts';
import { showDetails } from './show-details.ts';

const logSignal = defineSignal<[envelope: unknown]>(LOG_SIGNAL);
const logsQuery = defineQuery<WireLogPage, [request?: LogPageRequest]>(LOGS_QUERY);

/** Lines and progress that an activity has sent, by whichever way. */
export function takeIn(envelope: unknown): void {
  state.log.apply(envelope);
  showDetails();
}

/** Takes over what was handed on, by the iteration before or by an earlier run, and opens the run's log. */
export function beginRun(carried?: Carried): void {
  state.iteration = carried?.iteration ?? 1;
  state.startedAt = carried?.startedAt ?? Date.now();
  state.log = new RunLog(carried?.log);
  state.earlier = carried?.resume && new EarlierCalls(carried.resume);
  setHandler(logSignal, takeIn);
  setHandler(logsQuery, (request) => state.log.page(request));
  showDetails();
}
