import type { Logger as TemporalLogger, LogLevel as TemporalLevel } from '@temporalio/common';
import { type DestinationStream, type Logger, pino, stdSerializers } from 'pino';
import type { LogLevel } from './config.ts';
import { toReader } from './to-reader.ts';
import { toTerminal } from './to-terminal.ts';

export type { Logger } from 'pino';

export interface LoggerOptions {
  readonly level?: LogLevel;
  /** Gets each line as JSON. Default: the standard output. */
  readonly destination?: DestinationStream;
}

/**
 * The one format of every process: JSON lines with an ISO time and the level as a word; sentences when the output is a
 * terminal. A process tells who speaks by `.child({ component })`.
 */
export function createLogger({
  level = 'info',
  destination = process.stdout.isTTY ? toTerminal(process.stdout) : toStdout(),
}: LoggerOptions = {}): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: stdSerializers.errWithCause },
      // Callers may log a whole request; these would hand on their rights.
      redact: ['req.headers.authorization', 'req.headers.cookie', 'headers.authorization'],
    },
    destination,
  );
}

/** Never waits for whoever reads there; what there was no room for is counted, and told with the next line. */
function toStdout(): DestinationStream {
  const put = toReader(process.stdout);
  let dropped = 0;
  return {
    write: (line) => {
      if (dropped > 0 && put(toDropped(dropped))) dropped = 0;
      if (!put(line)) dropped++;
    },
  };
}

const toDropped = (lines: number): string =>
  `${JSON.stringify({
    level: 'warn',
    time: new Date(),
    msg: `${lines} lines of this log are missing: nobody took them`,
  })}\n`;

/**
 * The same logger as Temporal's SDK calls it. It never throws and its methods need no `this`:
 * an exception here would take the place of an activity's own failure and be retried for ever.
 */
export function toTemporalLogger(logger: Logger): TemporalLogger {
  const log = (level: TemporalLevel, message: string, meta?: object): void => {
    try {
      logger[PINO_LEVEL[level]](toFields(meta), message);
    } catch (error) {
      logger.error(`A log line could not be written: ${String(error)}`);
    }
  };
  return {
    log,
    trace: (message, meta) => log('TRACE', message, meta),
    debug: (message, meta) => log('DEBUG', message, meta),
    info: (message, meta) => log('INFO', message, meta),
    warn: (message, meta) => log('WARN', message, meta),
    error: (message, meta) => log('ERROR', message, meta),
  };
}

const PINO_LEVEL = {
  TRACE: 'trace',
  DEBUG: 'debug',
  INFO: 'info',
  WARN: 'warn',
  ERROR: 'error',
} as const satisfies Record<TemporalLevel, string>;

/** Fields of ours; the same name twice in one line would make it ambiguous. */
const OURS = new Set(['level', 'time', 'component', 'msg', 'err']);

function toFields(meta: object = {}): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(meta).map(([name, value]) => [
      // pino serialises what is called `err`; the SDK calls it `error`.
      name === 'error' && value instanceof Error ? 'err' : OURS.has(name) ? `meta.${name}` : name,
      value,
    ]),
  );
}
