// The file of «Limits» is one that a gateway takes, and has the numbers of one that says nothing.
import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { parseAuthFile } from '../../src/login/auth-file.ts';
import { AuthRules } from '../../src/login/auth-rules.ts';

test('its numbers are those of a file without limits, but for what a tenant has of its own', async () => {
  const page = await readFile(new URL('../../docs/operations.md', import.meta.url), 'utf8');
  const [, text = ''] = /\n### Limits\n.*?```json\n(.*?)```/s.exec(page) ?? [];
  const [told, silent] = [text, '{ "tenants": {} }'].map((file) => parseAuthFile(file));
  expect(told?.limits).toEqual({
    ...silent?.limits,
    tenant: new AuthRules(parseAuthFile('{ "tenants": {} }')).tenantAllowance('any'),
    activitiesPerSecond: expect.any(Number),
    tenants: { acme: expect.any(Object) },
  });
  // All words that there are.
  expect(Object.keys(told?.limits.tenants['acme'] ?? {}).toSorted()).toEqual([
    'budget',
    'lists',
    'open',
    'priority',
    'weight',
  ]);
});
