import { ApplicationFailure } from '@temporalio/activity';
import { expect, test } from 'vitest';
import { abortSignal, checkpoint, lastCheckpoint } from '../../src/activities/checkpoint.ts';
import { log } from '../../src/activities/log.ts';
import { progress } from '../../src/activities/progress.ts';
import { runActivity } from '../../src/testing/run-activity.ts';

async function countPages(pages: number): Promise<{ pages: number }> {
  for (let page = lastCheckpoint<number>() ?? 0; page < pages;) {
    page++;
    log.info(`Page ${page}`, { page });
    progress({ done: page, total: pages });
    await checkpoint(page);
  }
  return { pages };
}

const deaf = (): Promise<string> => Promise.resolve('done');

async function change(): Promise<void> {
  const data = { page: 1 };
  log.warn('Before', data);
  data.page = 2;
  await checkpoint();
}

test('an activity that ends tells its output, lines, progress and checkpoints', async () => {
  const run = await runActivity(countPages, [2]);
  expect(run).toEqual({
    aborted: false,
    output: { pages: 2 },
    error: undefined,
    lines: [
      { level: 'INFO', message: 'Page 1', data: { page: 1 } },
      { level: 'INFO', message: 'Page 2', data: { page: 2 } },
    ],
    progress: [
      { done: 1, total: 2, message: null },
      { done: 2, total: 2, message: null },
    ],
    checkpoints: [
      { number: 1, state: 1 },
      { number: 2, state: 2 },
    ],
  });
});

test('an abort stops it at the checkpoint that was named, by number or by state', async () => {
  const byNumber = await runActivity(countPages, [9], { abortAt: 3 });
  expect(byNumber).toMatchObject({ aborted: true, checkpoints: { length: 3 } });
  const byState = await runActivity(countPages, [9], { abortAt: ({ state }) => state === 4 });
  expect(byState).toMatchObject({ aborted: true, checkpoints: { length: 4 } });
});

test('an abort before it begins takes effect at its first checkpoint', async () => {
  const run = await runActivity(countPages, [9], { abortAt: 0 });
  expect(run).toMatchObject({ aborted: true, checkpoints: [{ number: 1, state: 1 }] });
});

test('a later attempt goes on after the checkpoint of the one before', async () => {
  const { checkpoints } = await runActivity(countPages, [9], { abortAt: 2 });
  const run = await runActivity(countPages, [4], { resumeFrom: checkpoints.at(-1)?.state });
  expect(run.lines.map(({ message }) => message)).toEqual(['Page 3', 'Page 4']);
});

test('an activity without a checkpoint hears of an abort by its signal', async () => {
  const stop = new AbortController();
  async function wait(): Promise<void> {
    const signal = abortSignal();
    await new Promise((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason as Error));
      stop.abort();
    });
  }
  expect(await runActivity(wait, [], { signal: stop.signal })).toMatchObject({ aborted: true });
});

test('a failure is told as it was thrown, also after an abort', async () => {
  const failure = ApplicationFailure.nonRetryable('No such folder', 'NO_FOLDER');
  async function fail(): Promise<void> {
    await checkpoint().catch(() => undefined);
    throw failure;
  }
  const run = await runActivity(fail, [], { abortAt: 1 });
  expect(run).toMatchObject({ aborted: false, error: failure });
});

test('an activity that is deaf to the abort has its output', async () => {
  expect(await runActivity(deaf, [], { abortAt: 0 })).toMatchObject({ output: 'done' });
});

test('data is kept as it was when it was logged', async () => {
  const run = await runActivity(change, []);
  expect(run.lines).toEqual([{ level: 'WARN', message: 'Before', data: { page: 1 } }]);
});
