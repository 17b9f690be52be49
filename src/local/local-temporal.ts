import { existsSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Connection } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time.js';
import type { LocalConfig } from '../process/config.ts';
import { noteServer, stopNotedServer } from './noted-server.ts';
import { temporalCli } from './temporal-cli.ts';
import { startTemporalServer, type TemporalServer } from './temporal-server.ts';

export interface LocalTemporalOptions {
  /** Absolute. Holds the command, the database and the log; nobody else may use it. */
  readonly folder: string;
  readonly namespace: string;
  readonly local: LocalConfig;
  /** Where its Web UI has values decrypted. */
  readonly uiCodec?: string | undefined;
  readonly report: (line: string) => void;
}

/** The Temporal server of this machine, on the database of its folder. Resolves when it answers. */
export async function startLocalTemporal({
  folder,
  namespace,
  local,
  uiCodec,
  report,
}: LocalTemporalOptions): Promise<TemporalServer> {
  await mkdir(folder, { recursive: true });
  const binary = await temporalCli(folder, report, local);
  const database = join(folder, 'temporal.db');
  const note = join(folder, 'temporal-server.json');
  const isNew = !existsSync(database);
  const server = await startTemporalServer({
    binary,
    namespace,
    database,
    logFile: join(folder, 'temporal.log'),
    port: local.temporalPort,
    uiPort: local.temporalUiPort,
    uiCodec,
    onSpawn: (pid) => noteServer(note, pid),
  });
  const stop = async (): Promise<void> => {
    await server.stop();
    await rm(note, { force: true });
  };
  try {
    // Its own standard is one day. Later starts leave alone what was set since.
    if (isNew) await setRetention(server.address, namespace, local.retentionDays);
    return { ...server, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Stops the server that a killed process left on this folder's database, if there is one. */
export const stopLeftBehind = (folder: string, report: (line: string) => void): Promise<void> =>
  stopNotedServer(join(folder, 'temporal-server.json'), report);

async function setRetention(address: string, namespace: string, days: number): Promise<void> {
  const connection = await Connection.connect({ address });
  try {
    await connection.withDeadline(Date.now() + 10_000, () =>
      connection.workflowService.updateNamespace({
        namespace,
        config: { workflowExecutionRetentionTtl: msToTs(days * 86_400_000) },
      }),
    );
  } finally {
    await connection.close();
  }
}
