import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openEncryption } from '../../src/process/open-encryption.ts';

const KEY = Buffer.alloc(32, 'K').toString('base64');

async function open(text: string) {
  const file = join(await mkdtemp(join(tmpdir(), 'waymark-keys-')), 'keys.json');
  await writeFile(file, text);
  return openEncryption({ encryptionKeysFile: file });
}

test('no file, no encryption', async () => {
  expect(await openEncryption({ encryptionKeysFile: undefined })).toBeUndefined();
});

test('a file with keys encrypts', async () => {
  const keys = [{ id: 'k1', key: KEY }];
  const [codec] = (await open(JSON.stringify({ keys })))?.payloadCodecs ?? [];
  const [payload] = (await codec?.encode([{ data: Buffer.from('x') }])) ?? [];
  expect(Buffer.from(payload?.metadata?.['encoding'] ?? []).toString()).toBe('binary/encrypted');
});

test.each([
  ['{"keys": "' + KEY, ['expected JSON']],
  ['[]', ['expected an object with `keys`']],
  ['{}', ['keys: expected a list of keys']],
  ['{"keys": [], "more": 1}', ['more']],
  [
    JSON.stringify({
      keys: [
        { id: 1, key: KEY, note: 'x' },
        { id: 'a', key: `${KEY}${KEY}` },
      ],
    }),
    ['keys.0.id: expected a text', 'note', 'keys.1.key: expected 32 bytes as base64'],
  ],
  [
    JSON.stringify({
      keys: [
        { id: 'a', key: KEY, tenant: 'Acme' },
        { id: 'a', key: KEY },
      ],
    }),
    ['keys.0.tenant', 'keys.1.id', 'keys.1.key'],
  ],
])('a file that is not right is refused with every fault: %#', async (text, faults) => {
  const error = await open(text).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ name: 'ConfigError' });
  for (const fault of faults) expect(String(error)).toContain(fault);
  expect(String(error)).toContain('WAYMARK_ENCRYPTION_KEYS_FILE');
  expect(String(error)).not.toContain(KEY.slice(0, 10));
});

test('a file that is not there is named', async () => {
  await expect(openEncryption({ encryptionKeysFile: '/nowhere/keys.json' })).rejects.toThrow(
    'WAYMARK_ENCRYPTION_KEYS_FILE: expected a file that can be read, got `/nowhere/keys.json`',
  );
});
