import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { temporalCli } from '../../src/local/temporal-cli.ts';
import { startTemporalServer } from '../../src/local/temporal-server.ts';

/** A Temporal server for tests whose runs would stand in the lists of all others, or that must not meet theirs. */
export async function startOwnTemporal(): Promise<{
  readonly address: string;
  readonly stop: () => Promise<void>;
}> {
  const folder = await mkdtemp(join(tmpdir(), 'waymark-temporal-'));
  const { address, stop } = await startTemporalServer({
    binary: await temporalCli(fileURLToPath(new URL('../../.waymark', import.meta.url)), () => {}),
    logFile: join(folder, 'temporal.log'),
  });
  return {
    address,
    async stop() {
      await stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
