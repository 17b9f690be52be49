import type { Resumption } from './resumption.ts';
import type { CarriedLog, LogEnvelope } from './run-log.ts';

/** Names both sides of the wire must agree on. Renaming one breaks runs in flight. */
export const LOG_SIGNAL = 'waymark.log';
export const LOGS_QUERY = 'waymark.logs';
/** Header of an activity call. An activity answers `LoggedResult` only when it is there. */
export const LOG_HEADER = 'waymark.log';
/** Patch that a run has since an operator's reset: Temporal's index lists it. */
export const RESET_PATCH = 'waymark.reset';
/** Global of the sandbox, by which a worker has a bundle that was made ahead of time encode what errors say. */
export const ENCODES_FAILURES = '__WAYMARK_ENCODES_FAILURES__';
/** The one memo field of ours. */
export const MEMO = 'waymark';

/** Value of the log header. */
export interface LogHeader {
  readonly v: 1;
  readonly iteration: number;
  /** Bytes of log that this activity may still settle. */
  readonly budget: number;
  /** Activities of this run that run at the same time. */
  readonly parallel: number;
  /** The mark of the execution that scheduled it: a reset hands what was scheduled to another one. */
  readonly run?: string;
  /** What the sources of that execution are marked with, since a reset. */
  readonly mark?: string;
  /** The seconds that all iterations of the run may take, and the millisecond at which they are over. */
  readonly timeout?: { readonly seconds: number; readonly at: number };
  /** Which call of this activity it is, in a run that goes on from another one: calls that were reused have no event. */
  readonly call?: number;
  /** The last argument is none: it is the state that the first attempt begins with. */
  readonly resumed?: true;
}

export const isLogHeader = (value: unknown): value is LogHeader => isFirstVersion(value);

/** What an activity answers to our workflows. */
export interface LoggedResult {
  /** JSON drops it when the activity answers nothing. */
  readonly result?: unknown;
  readonly log: LogEnvelope;
}
export const isLoggedResult = (value: unknown): value is LoggedResult =>
  isObject(value) && 'log' in value && isObject(value.log) && 'segs' in value.log;
const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;
const isFirstVersion = (value: unknown): value is { readonly v: 1 } =>
  isObject(value) && 'v' in value && value.v === 1;

/** What one iteration hands to the next, and an earlier run to the first iteration of the one that goes on from it. */
export interface Carried {
  readonly v: 1;
  readonly iteration: number;
  /** Milliseconds; when the body of the first iteration began. */
  readonly startedAt?: number;
  readonly log: CarriedLog;
  readonly resume?: Resumption;
}
export const isCarried = (value: unknown): value is Carried =>
  isFirstVersion(value) && 'log' in value;

/** Details of `WorkflowExecutionCanceled`: how the abort took effect. `at` is the service's to read, from the event. */
export interface AbortDetails {
  readonly v: 1;
  readonly by: string;
  readonly reason: string;
  readonly mode: 'GRACEFUL' | 'FORCED' | 'BEFORE_START';
  /** `DONE`, `TIMED_OUT`, or what the clean-up failed with. */
  readonly cleanUp?: string;
}
export const isAbortDetails = (value: unknown): value is AbortDetails =>
  isFirstVersion(value) && 'mode' in value;
