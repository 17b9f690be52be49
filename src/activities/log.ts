import type { LogLevel } from '../contract/wire/run-log.ts';
import { attemptToLog } from './current-attempt.ts';

type Log = (message: string, data?: unknown) => void;

const at =
  (level: LogLevel): Log =>
  (message, data) =>
    attemptToLog('log')?.log(level, message, data);

/**
 * The run's log, as its users see it. Message and data have at most 8 KiB each; longer messages are cut, and what
 * JSON cannot hold is named. Never throws.
 */
export const log: Readonly<Record<'debug' | 'info' | 'warn' | 'error', Log>> = {
  debug: at('DEBUG'),
  info: at('INFO'),
  warn: at('WARN'),
  error: at('ERROR'),
};
