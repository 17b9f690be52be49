#!/usr/bin/env node
import { ExitCode } from './exit-code.ts';
import { runCommand } from './run-command.ts';

// Whoever read enough, as `head` does, is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

const stop = new AbortController();
process.once('SIGINT', () => {
  stop.abort();
  // What is not followed is not waited for either.
  setTimeout(() => process.exit(ExitCode.Interrupted), 1000).unref();
});
process.exitCode = await runCommand(process.argv.slice(2), process.env, stop.signal);
