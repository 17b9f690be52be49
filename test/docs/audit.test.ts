// The example of docs/operations.md is a line as it is written.
import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { ACTIONS } from '../../src/audit/decision.ts';
import { toLine } from '../../src/audit/to-line.ts';
import { sessionOf } from '../../src/login/session.ts';

const page = await readFile(new URL('../../docs/operations.md', import.meta.url), 'utf8');
const [, section = ''] = /\n### Audit\n([^]*?)\n### /.exec(page) ?? [];

test('the example is a line of the audit', () => {
  const [, example = ''] = /```json\n([^]*?)```/.exec(section) ?? [];
  const line = toLine(
    {
      action: 'run-abort',
      outcome: 'success',
      reason: 'ABORTING',
      session: {
        ...sessionOf({ name: 'ann', tenant: 'acme' }),
        credential: 'OIDC',
        credentialId: 'sub:auth0|5f7c8ec7',
      },
      origin: {
        ip: '10.0.0.7',
        requestId: '1f8a6f0e-6f0e-4d53-9f4e-0d0c9b1a7a11',
        traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
      },
      run: 'acme~importPages-0192',
      definition: 'importPages',
      said: 'No longer needed',
    },
    new Date('2026-11-24T16:40:11.042Z'),
  );
  expect(Object.entries(JSON.parse(example))).toEqual(Object.entries(JSON.parse(line)));
});

test('every action is in the table', () => {
  const table = [...section.matchAll(/^\| (`[^|]*) \|/gm)].flatMap(([, names = '']) =>
    [...names.matchAll(/`([\w-]+)`/g)].map(([, name]) => name),
  );
  expect(table.filter((name) => name !== 'event')).toEqual(
    expect.arrayContaining(Object.keys(ACTIONS)),
  );
});
