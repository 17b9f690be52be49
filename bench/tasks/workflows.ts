import { z } from 'zod';
import { defineTask } from '../../src/workflows/define-task.ts';
import { proxyCheckpoints } from '../../src/workflows/proxy-checkpoints.ts';
import type * as activities from './activities.ts';

const { oneStep, waitForAbort, sayOnce, drip, flood } = proxyCheckpoints<typeof activities>();

export const oneCheckpoint = defineTask({
  id: 'oneCheckpoint',
  title: 'One checkpoint',
  input: z.object({ n: z.number() }),
  run: ({ n }) => oneStep(n),
});

export const abortable = defineTask({
  id: 'abortable',
  title: 'Waits for its abort',
  input: z.object({ token: z.string() }),
  run: ({ token }) => waitForAbort(token),
});

export const oneLine = defineTask({
  id: 'oneLine',
  title: 'Says one line',
  input: z.object({ token: z.string() }),
  run: ({ token }) => sayOnce(token),
});

export const dripping = defineTask({
  id: 'dripping',
  title: 'Logs steadily',
  input: z.object({ perSecond: z.number(), seconds: z.number() }),
  run: ({ perSecond, seconds }) => drip(perSecond, seconds),
});

export const flooding = defineTask({
  id: 'flooding',
  title: 'Logs a flood',
  input: z.object({ lines: z.number(), bytes: z.number() }),
  run: ({ lines, bytes }) => flood(lines, bytes),
});
