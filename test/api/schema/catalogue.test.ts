import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { VERSION } from '../../../src/contract/version.ts';
import { defined, gatewayOf, moduleOf } from './support.ts';

const module = moduleOf(
  Object.assign(
    defined(
      'copyFiles',
      z.object({
        folder: z.string(),
        depth: z.number().int().default(3),
        mode: z.enum(['a', 'b']).default('a'),
      }),
      { output: z.object({ files: z.number() }), description: 'Copies files.', grace: 5 },
    ),
    { examples: [{ folder: 'photos' }] },
  ),
  defined('secret', z.object({}), { private: true }),
);

describe('the catalogue', () => {
  test('tells what a definition takes, answers and starts from', async () => {
    const { read } = gatewayOf(module);
    const { taskDefinition } = await read(
      '{ taskDefinition(id: "copyFiles") { id title description inputSchema outputSchema examples defaults grace mutation } }',
    );
    expect(taskDefinition).toMatchObject({
      id: 'copyFiles',
      title: 'copy files',
      description: 'Copies files.',
      inputSchema: { type: 'object', required: ['folder'] },
      outputSchema: { properties: { files: { type: 'number' } } },
      examples: [{ folder: 'photos' }],
      defaults: { depth: 3, mode: 'a' },
      grace: 5,
      mutation: 'triggerCopyFiles',
    });
  });

  test('does not show private definitions', async () => {
    const { read } = gatewayOf(module);
    expect(await read('{ taskDefinitions { id } taskDefinition(id: "secret") { id } }')).toEqual({
      taskDefinitions: [{ id: 'copyFiles' }],
      taskDefinition: null,
    });
  });

  test('tells whether a worker is there', async () => {
    const { read, tasks } = gatewayOf(module);
    const WORKER =
      '{ taskDefinitions { worker { online lastSeen } } workers { id online status } }';
    const lastSeen = new Date('2026-11-24T06:00:00Z');
    const [worker] = await tasks.workers();
    if (!worker) throw new Error('Expected a worker');
    tasks.setWorkers([{ ...worker, online: false, status: 'LOST', lastSeen }]);
    expect(await read(WORKER)).toEqual({
      taskDefinitions: [{ worker: { online: false, lastSeen: '2026-11-24T06:00:00.000Z' } }],
      workers: [{ id: worker.id, online: false, status: 'LOST' }],
    });
    tasks.setWorkers([]);
    expect((await read(WORKER)).taskDefinitions).toEqual([
      { worker: { online: false, lastSeen: null } },
    ]);
  });
});

test('a page learns who asks and what answers', async () => {
  const { read } = gatewayOf(undefined, {
    webUi: { address: 'https://temporal.example', namespace: 'team' },
  });
  expect(await read('{ me { name rights } server { version namespace webUi } }')).toEqual({
    me: { name: 'ada', rights: expect.arrayContaining(['READ', 'ABORT', 'SETTINGS']) },
    server: { version: VERSION, namespace: 'fake', webUi: 'https://temporal.example' },
  });
});
