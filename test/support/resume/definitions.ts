import { z } from 'zod';
import { defineTask } from '../../../src/workflows/define-task.ts';
import { proxyCheckpoints } from '../../../src/workflows/proxy-checkpoints.ts';
import type * as activities from './activities.ts';

const { prepare, say, importItems, answer, failIfBroken } = proxyCheckpoints<typeof activities>();

/** Prepares, imports items one by one, reports. `extra` is a step that only later code has. */
export const importing = (extra: boolean) =>
  defineTask({
    id: 'importAll',
    title: 'Import all',
    grace: 1,
    input: z.object({ label: z.string(), items: z.number().int() }),
    output: z.object({ where: z.string(), items: z.number() }),
    async run({ label, items }) {
      const { where } = await prepare(label);
      if (extra) await say(label, 'extra');
      await say(label, 'begin');
      const imported = await importItems(label, items);
      await say(label, 'end');
      return { where, items: imported };
    },
  });

export const answering = defineTask({
  id: 'answerAll',
  title: 'Answer all',
  input: z.object({ label: z.string(), times: z.number().int(), bytes: z.number().int() }),
  async run({ label, times, bytes }) {
    for (let which = 1; which <= times; which++) await answer(label, which, bytes);
    await failIfBroken(label);
  },
});

export const importTwo = (child: ReturnType<typeof importing>) =>
  defineTask({
    id: 'importTwo',
    title: 'Import two',
    input: z.object({ label: z.string(), items: z.number().int() }),
    async run({ label, items }, task) {
      const told = await task.trigger(child, { label: `${label} aside`, items: 1 });
      const one = await task.execute(child, { label: `${label} 1`, items });
      const two = await task.execute(child, { label: `${label} 2`, items });
      return { told, items: one.items + two.items };
    },
  });

export const timeLimited = defineTask({
  id: 'importInTime',
  title: 'Import in time',
  grace: 1,
  timeout: 2,
  input: z.object({ label: z.string(), items: z.number().int() }),
  run: ({ label, items }) => importItems(label, items),
});
