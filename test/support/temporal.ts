// One Temporal server for the whole run of the tests; each test file takes a task queue of its own.
import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { TestProject } from 'vitest/node';
import { temporalCli } from '../../src/local/temporal-cli.ts';
import { startTemporalServer } from '../../src/local/temporal-server.ts';

declare module 'vitest' {
  interface ProvidedContext {
    temporal: { readonly address: string };
  }
}
const path = (name: string): string => fileURLToPath(new URL(`../../${name}`, import.meta.url));

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  // Another server to prove the same promises on; its namespace `default` is written to.
  const given = process.env['TEST_TEMPORAL_ADDRESS'];
  const { address, stop } = given ? { address: given, stop: async () => {} } : await ownServer();
  project.provide('temporal', { address });
  return stop;
}

async function ownServer() {
  await mkdir(path('.waymark/test'), { recursive: true });
  return startTemporalServer({
    binary: await temporalCli(path('.waymark'), console.log),
    logFile: path('.waymark/test/temporal.log'),
  });
}
