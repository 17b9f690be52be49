import { readFile, readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { beforeAll, expect, test } from 'vitest';
import * as tasks from '../../src/workflows/index.ts';
import { bundleOfTests } from '../support/bundle.ts';

/** Recorded by histories.whole.test.ts: runs that were begun by an earlier version of the code. */
const FOLDER = fileURLToPath(new URL('../histories/', import.meta.url));
const names = (await readdir(FOLDER)).filter((name) => name.endsWith('.json'));

let bundle: string;
beforeAll(async () => {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  bundle = await bundleOfTests();
}, 60_000);

const read = async (name: string) =>
  historyFromJSON(JSON.parse(await readFile(`${FOLDER}${name}`, 'utf8')));
const replay = (history: Awaited<ReturnType<typeof read>>) =>
  Worker.runReplayHistory({ workflowBundle: { codePath: bundle } }, history, 'replayed');

test.each(names)('%s: an open run of it goes on with this version', async (name) => {
  await expect(replay(await read(name))).resolves.toBeUndefined();
});

test('every built-in task has a history', async () => {
  const histories = await Promise.all(names.map(read));
  const types = histories.map(
    ({ events }) => events?.[0]?.workflowExecutionStartedEventAttributes?.workflowType?.name,
  );
  expect(types).toEqual(expect.arrayContaining(Object.keys(tasks)));
});

test('a history that does not fit the code is found out', async () => {
  const history = await read('testing-run.json');
  for (const { activityTaskScheduledEventAttributes: scheduled } of history.events ?? [])
    if (scheduled?.activityType) scheduled.activityType.name = 'anotherActivity';
  await expect(replay(history)).rejects.toThrow(/TMPRL1100/);
});
