import { defaultPayloadConverter } from '@temporalio/common';
import type { Payload } from '@temporalio/common';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encryption } from '../../src/encryption/encryption.ts';
import type { EncryptionKey } from '../../src/encryption/key-ring.ts';
import { LIMITS } from '../../src/contract/limits.ts';

const key = (id: string, tenant?: string): EncryptionKey => ({
  id,
  key: Buffer.alloc(32, id),
  ...(tenant !== undefined && { tenant }),
});
const codecOf = (...keys: readonly EncryptionKey[]) => encryption({ keys }).payloadCodecs[0];
const toPayload = (value: unknown): Payload => defaultPayloadConverter.toPayload(value);
const of = (workflowId: string) =>
  ({ type: 'workflow', namespace: 'default', workflowId }) as const;
const idIn = ({ metadata }: Payload): string =>
  Buffer.from(metadata?.['encryption-key-id'] ?? []).toString();

async function sealed(value: unknown, ...keys: readonly EncryptionKey[]): Promise<Payload> {
  const [payload] = await codecOf(...keys).encode([toPayload(value)]);
  if (!payload) throw new Error('Expected a payload');
  return payload;
}

test('whatever has JSON comes back as it went, and says nothing on the way', async () => {
  const codec = codecOf(key('k1'));
  await fc.assert(
    fc.asyncProperty(fc.jsonValue(), async (value) => {
      const payload = toPayload({ marker: 'plain', value });
      const [encrypted] = await codec.encode([payload]);
      expect(Buffer.from(encrypted?.data ?? []).includes('plain')).toBe(false);
      expect(Object.keys(encrypted?.metadata ?? {})).toEqual(['encoding', 'encryption-key-id']);
      const [decoded] = await codec.decode(encrypted ? [encrypted] : []);
      expect(decoded && defaultPayloadConverter.fromPayload(decoded)).toEqual(
        defaultPayloadConverter.fromPayload(payload),
      );
    }),
  );
});

test('bytes, `undefined` and several values come back too', async () => {
  const codec = codecOf(key('k1'));
  const values = [new Uint8Array([0, 255]), undefined, null, 'x'];
  const decoded = await codec.decode(await codec.encode(values.map(toPayload)));
  expect(decoded.map((payload) => defaultPayloadConverter.fromPayload(payload))).toEqual(values);
});

test('the same value is never written the same', async () => {
  const written = await Promise.all(Array.from({ length: 50 }, () => sealed('x', key('k1'))));
  expect(new Set(written.map(({ data }) => Buffer.from(data ?? []).toString('hex'))).size).toBe(50);
});

test('what is added to the largest input stays within what Temporal takes', async () => {
  const payload = toPayload('x'.repeat(LIMITS.payload - 2));
  const [encrypted] = await codecOf(key('k'.repeat(40))).encode([payload]);
  const added = (encrypted?.data?.length ?? 0) - (payload.data?.length ?? 0);
  expect(added).toBeLessThan(100);
  expect(encrypted?.data?.length).toBeLessThan(2 * 1024 * 1024);
});

describe('keys', () => {
  test('the first one writes, and the others read what they wrote', async () => {
    const old = await sealed('old', key('k1'));
    const rotated = codecOf(key('k2'), key('k1'));
    const [written] = await rotated.encode([toPayload('new')]);
    expect(written && idIn(written)).toBe('k2');
    const decoded = await rotated.decode(written ? [old, written] : []);
    expect(decoded.map((payload) => defaultPayloadConverter.fromPayload(payload))).toEqual([
      'old',
      'new',
    ]);
  });

  test('a key that was taken out refuses what it wrote, and names no key', async () => {
    const old = await sealed('old', key('k1'));
    const error = await codecOf(key('k2')).decode([old]).catch(String);
    expect(error).toContain('not among those of this process');
    expect(error).not.toContain('k1');
  });

  test('what was written before there were keys is read as it is', async () => {
    const clear = toPayload({ a: 1 });
    expect(await codecOf(key('k1')).decode([clear])).toEqual([clear]);
  });

  test("a tenant's runs have their own, in activities too, and others the common one", async () => {
    const codec = codecOf(key('all'), key('acme-2', 'acme'), key('acme-1', 'acme'));
    const ids = await Promise.all(
      [
        of('acme~run'),
        { ...of('acme~run'), type: 'activity', isLocal: false } as const,
        of('beta~run'),
        of('run'),
        undefined,
      ].map(async (context) => {
        const [payload] = await codec.encode([toPayload(1)], context);
        return payload && idIn(payload);
      }),
    );
    expect(ids).toEqual(['acme-2', 'acme-2', 'all', 'all', 'all']);
  });

  test("a value of one tenant is refused in another's run", async () => {
    const codec = codecOf(key('all'), key('a', 'acme'), key('b', 'beta'));
    const acme = await codec.encode([toPayload('secret')], of('acme~1'));
    await expect(codec.decode(acme, of('beta~1'))).rejects.toThrow('another tenant');
    expect(await codec.decode(acme, of('acme~2'))).toHaveLength(1);
  });
});

describe('what was changed is refused', () => {
  test('each byte of it', async () => {
    const codec = codecOf(key('k1'));
    const payload = await sealed('x', key('k1'));
    const length = payload.data?.length ?? 0;
    expect(length).toBeGreaterThan(28);
    for (let at = 0; at < length; at++) {
      const data = Buffer.from(payload.data ?? []);
      data.writeUInt8(data.readUInt8(at) ^ 1, at);
      await expect(codec.decode([{ ...payload, data }])).rejects.toThrow('was changed');
    }
  });

  test('cut at each length', async () => {
    const payload = await sealed('x', key('k1'));
    for (let end = 0; end < (payload.data?.length ?? 0); end++)
      await expect(
        codecOf(key('k1')).decode([{ ...payload, data: payload.data?.slice(0, end) ?? null }]),
      ).rejects.toThrow('was changed');
  });

  test('under the id of another key', async () => {
    const payload = await sealed('x', key('k1'));
    const metadata = { ...payload.metadata, 'encryption-key-id': Buffer.from('k2') };
    await expect(codecOf(key('k1'), key('k2')).decode([{ ...payload, metadata }])).rejects.toThrow(
      'was changed',
    );
    // The same bytes of key do not help: the id is sealed in.
    const same = codecOf({ ...key('k1'), id: 'k2' });
    await expect(same.decode([{ ...payload, metadata }])).rejects.toThrow('was changed');
  });
});

test('every fault of the keys is told at once, and nothing of a key', () => {
  const bytes = Buffer.alloc(32, 'S');
  const faulty = [
    { id: 'a b', key: bytes, tenant: 'acme' },
    { id: 'k', key: Buffer.from('short-secret'), tenant: 'ACME' },
    { id: 'k', key: bytes, tenant: 'acme' },
  ];
  let message = '';
  try {
    encryption({ keys: faulty });
  } catch (error) {
    message = String(error);
  }
  for (const fault of [
    'keys.0.id',
    'keys.1.key: expected 32 bytes as base64, got 12 bytes',
    'keys.1.tenant',
    'keys.2.id',
    'keys.2.key',
    'without a tenant',
  ])
    expect(message).toContain(fault);
  expect(message).not.toMatch(/SSSS|short-secret/);
  expect(() => encryption({ keys: [] })).toThrow('without a tenant');
});
