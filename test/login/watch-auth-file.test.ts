import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { AuthFile } from '../../src/login/auth-file.ts';
import { watchAuthFile } from '../../src/login/watch-auth-file.ts';

test('tells of a file that says something else, and once of one that cannot be used', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'waymark-auth-'));
  const file = join(folder, 'auth.json');
  const closing = new AbortController();
  const changed = vi.fn<(file: AuthFile) => void>();
  const failed = vi.fn<(error: unknown) => void>();
  await writeFile(file, '{}');
  const watching = watchAuthFile(file, { text: '{}', signal: closing.signal, changed, failed });
  onTestFinished(async () => {
    closing.abort();
    await watching;
    await rm(folder, { recursive: true });
  });

  await writeFile(file, '{"revoked": ["key:a"]}');
  await vi.waitFor(() => expect(changed).toHaveBeenCalledOnce(), 10_000);
  await writeFile(file, '{"revoked": [');
  await vi.waitFor(() => expect(failed).toHaveBeenCalledOnce(), 10_000);
  // It is read again and again, and says the same.
  await sleep(2500);
  expect(failed).toHaveBeenCalledOnce();
  await rm(file);
  await vi.waitFor(() => expect(failed).toHaveBeenCalledTimes(2), 10_000);
  await sleep(2500);
  // As deployments do: written beside it, and put in its place.
  await writeFile(join(folder, 'new.json'), '{"revoked": ["key:b"]}');
  await rename(join(folder, 'new.json'), file);
  await vi.waitFor(() => expect(changed).toHaveBeenCalledTimes(2), 10_000);
  expect(changed.mock.lastCall?.[0].revoked).toEqual(['key:b']);
  expect(failed).toHaveBeenCalledTimes(2);
});
