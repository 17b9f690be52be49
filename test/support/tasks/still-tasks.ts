// Tasks for `FakeTasks`: their runs are moved by tests, and never by their own code.
import { z } from 'zod';
import { defineTask } from '../../../src/workflows/define-task.ts';

export const importPages = defineTask({
  id: 'importPages',
  title: 'Import pages',
  input: z.object({ text: z.string() }),
  run: ({ text }) => Promise.resolve(text.length),
});

export const countWords = defineTask({
  id: 'countWords',
  title: 'Count words',
  input: z.object({ text: z.string() }),
  run: ({ text }) => Promise.resolve(text.length),
});

export const importSecrets = defineTask({
  id: 'importSecrets',
  title: 'Import secrets',
  private: true,
  input: z.object({ text: z.string() }),
  run: ({ text }) => Promise.resolve(text.length),
});
