import { z } from 'zod';
import type { Activities } from '../../activities/index.ts';
import { defineTask } from '../define-task.ts';
import { proxyCheckpoints } from '../proxy-checkpoints.ts';

const { logInput } = proxyCheckpoints<Activities>();

export const testingRun = defineTask({
  id: 'testingRun',
  title: 'Testing run',
  description: 'Logs whatever input it is given, and ends: shows that tasks run.',
  input: z.unknown(),
  output: z.object({ message: z.string() }),
  examples: [{ someVariableForTestingRunTaskToReceive: 'someValue' }],
  async run(input) {
    await logInput(input);
    return { message: 'Task successfully finished.' };
  },
});
