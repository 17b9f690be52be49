import { expect, test } from 'vitest';
import { runIdOfKey, timeOfLink } from '../../../src/service/run/run-id.ts';

test('a key makes one readable id', () => {
  expect(runIdOfKey('Photos 2026/11')).toMatch(/^photos-2026-11-[0-9a-f]{20}$/);
  expect(runIdOfKey('Photos 2026/11')).toBe(runIdOfKey('Photos 2026/11'));
});

test('keys that read alike make different ids', () => {
  const ids = ['Photos', 'photos', ' photos', 'photos!'].map(runIdOfKey);
  expect(new Set(ids).size).toBe(4);
});

test('any key of 200 characters makes an id of at most 100 plain ones', () => {
  for (const key of ['x'.repeat(200), '写真'.repeat(100), "'; DROP", '—', '-'])
    expect(runIdOfKey(key)).toMatch(/^[a-z0-9-]{20,100}$/);
});

test('the time of a UUIDv7 is its first 48 bits, and other versions have none', () => {
  expect(timeOfLink('01a20c62-80c6-70c9-a606-465670b52cf1')?.toISOString()).toBe(
    '2026-11-24T07:08:31.814Z',
  );
  expect(timeOfLink('27d486dd-4543-424e-8224-188dac297c61')).toBeNull();
});
