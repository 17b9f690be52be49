import { expect, test } from 'vitest';
import { Closing } from '../../src/process/closing.ts';
import { createLogger } from '../../src/process/logger.ts';

function opened() {
  const lines: string[] = [];
  const closing = new Closing(createLogger({ destination: { write: (line) => lines.push(line) } }));
  return { closing, lines };
}

test('what was opened last is closed first, and each step waits for the one before', async () => {
  const { closing } = opened();
  const steps: string[] = [];
  const step = (name: string) => async () => {
    steps.push(`${name} begins`);
    await new Promise(setImmediate);
    steps.push(`${name} ends`);
  };
  closing.add('first', step('first'));
  closing.add('second', step('second'));
  await closing.close();
  expect(steps).toEqual(['second begins', 'second ends', 'first begins', 'first ends']);
});

test('a step that fails is logged and holds up no other', async () => {
  const { closing, lines } = opened();
  let closed = false;
  closing.add('server', async () => {
    closed = true;
  });
  closing.add('worker', () => Promise.reject(new Error('no')));
  await closing.close();
  expect(closed).toBe(true);
  expect(lines).toEqual([expect.stringContaining('Could not close the worker')]);
});

test('closing twice closes once', async () => {
  const { closing } = opened();
  let times = 0;
  closing.add('server', async () => {
    times += 1;
  });
  await Promise.all([closing.close(), closing.close()]);
  expect(times).toBe(1);
});
