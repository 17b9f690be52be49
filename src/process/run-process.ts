import { type Config, ConfigError, loadConfig } from './config.ts';
import { createLogger, type Logger } from './logger.ts';
import { untilTaken } from './to-reader.ts';

export interface Running {
  readonly config: Config;
  readonly logger: Logger;
  /** Aborted when the process shall end, with an `Error` that says why. */
  readonly signal: AbortSignal;
  /** Ends the process as if a signal had come. */
  readonly end: (why: string) => void;
  /** Ends the process as a failure: `signal` is aborted, and the exit code will not be 0. */
  readonly fail: (error: Error) => void;
}

/**
 * The frame of every process of ours: configuration, logger, signals, exit code. `main` opens, waits for the signal,
 * and closes what it opened. Exit code: 0 it was asked to end, 1 it failed, 2 the configuration cannot be used.
 */
export async function runProcess(
  /** Null when several parts of the process speak, each for itself. */
  component: string | null,
  main: (running: Running) => Promise<void>,
): Promise<never> {
  const config = configOrExit();
  const root = createLogger({ level: config.logLevel });
  const logger = component === null ? root : root.child({ component });
  for (const warning of config.warnings) logger.warn(warning);
  const ending = new AbortController();
  const leave = (code: number, reason: Error): void => {
    process.exitCode = Math.max(Number(process.exitCode ?? 0), code);
    if (ending.signal.aborted) return;
    ending.abort(reason);
    // Whatever hangs, a process that shall end ends.
    setTimeout(() => {
      logger.fatal(`Not closed after ${END_LIMIT / 1000} s: leaving all the same`);
      process.exit(1);
    }, END_LIMIT).unref();
  };
  const fail = (error: Error): void => {
    logger.fatal({ err: error }, error.message);
    leave(1, error);
  };
  const end = (why: string): void => {
    if (!ending.signal.aborted) logger.info(`${why}: ending`);
    leave(0, new Error(why));
  };
  // A signal may come twice: Ctrl-C reaches the whole group, and npm passes it on as well.
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => end(name));
  process.on('uncaughtException', fail);

  try {
    await main({ config, logger, signal: ending.signal, end, fail });
  } catch (error) {
    if (error instanceof ConfigError) exitIfConfigError(error);
    // What was interrupted on its way up rejects, and that is no failure.
    if (!ending.signal.aborted) fail(error instanceof Error ? error : new Error(String(error)));
  }
  await untilTaken(process.stdout);
  process.exit();
}

const END_LIMIT = 40_000;

function configOrExit(): Config {
  try {
    return loadConfig();
  } catch (error) {
    return exitIfConfigError(error);
  }
}

/** What is wrong with a configuration is for whoever wrote it: no stack, and an exit code of its own. */
function exitIfConfigError(error: unknown): never {
  if (!(error instanceof ConfigError)) throw error;
  console.error(error.message);
  return process.exit(2);
}
