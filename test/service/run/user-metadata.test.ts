import { Client } from '@temporalio/client';
import type { ConnectionLike } from '@temporalio/client';
import { expect, test } from 'vitest';
import { Temporal } from '../../../src/service/temporal/temporal.ts';
import { toDetails, toUserMetadata } from '../../../src/service/run/user-metadata.ts';

const connection = { plugins: [] } as unknown as ConnectionLike;
const temporal = new Temporal({ client: new Client({ connection }) });

test('the longest name still fits into a summary', async () => {
  for (const name of ['x'.repeat(200), '写'.repeat(200), '👩‍🚀'.repeat(40), '"'.repeat(200)]) {
    const { summary } = await toUserMetadata(temporal, { id: 'r', name, details: '' });
    expect(summary?.data?.length).toBeLessThanOrEqual(400);
    expect(summary?.data?.length).toBeGreaterThan(200);
  }
});

test('what a codec makes too large is left out', async () => {
  const client = new Client({
    connection,
    dataConverter: {
      payloadCodecs: [
        {
          encode: async (payloads) =>
            payloads.map((payload) => ({ ...payload, data: new Uint8Array(30_000) })),
          decode: async (payloads) => payloads,
        },
      ],
    },
  });
  expect(
    await toUserMetadata(new Temporal({ client }), { id: 'r', name: 'n', details: 'd' }),
  ).toEqual({});
});

test("a caller's text cannot become a link", () => {
  const details = toDetails({
    title: '[click](http://x)',
    definition: 'walkSteps',
    actor: '<img src=x>',
    parent: undefined,
    rerunOf: undefined,
    key: '**bold**',
    tags: ['a_b'],
    link: 'https://tasks.example/1',
  });
  expect(details).toBe(
    [
      String.raw`**\[click\]\(http://x\)** (` + '`walkSteps`)',
      '',
      String.raw`- Triggered by: **\<img src=x\>**`,
      String.raw`- Key: \*\*bold\*\*`,
      String.raw`- Tags: a\_b`,
      '- [Open in Waymark](https://tasks.example/1)',
    ].join('\n'),
  );
});
