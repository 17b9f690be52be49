// oxlint-disable typescript/no-floating-promises -- node:test waits for its tests itself
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeTasks, runActivity } from 'waymark/testing';
import { greetEach } from '../src/activities.js';
import { createApp } from '../src/app.js';
import * as tasks from '../src/tasks.js';

test('an aborted activity goes on after its last checkpoint', async () => {
  const names = ['Ann', 'Bob', 'Cyd'];
  const stopped = await runActivity(greetEach, [names, 'en'], { abortAt: 2 });
  assert.equal(stopped.aborted, true);
  const resumed = await runActivity(greetEach, [names, 'en'], {
    resumeFrom: stopped.checkpoints.at(-1)?.state,
  });
  assert.deepEqual(
    resumed.lines.map(({ message }) => message),
    ['Hello, Cyd!'],
  );
  assert.deepEqual(resumed.output, { greeted: 3 });
});

test('a post of names triggers a run', async () => {
  const service = new FakeTasks({ tasks });
  const app = await createApp(service);
  const answer = await app.inject({
    method: 'POST',
    url: '/greetings',
    payload: { names: ['Ann', 'Bob'] },
  });
  assert.equal(answer.statusCode, 202);
  const run = await service.get(answer.json<{ id: string }>().id);
  assert.equal(run.name, 'Greet 2 people');
  await app.close();
});
