// Every task of this project, each exported under its id. Workflow code: it may import nothing of Node.
import { defineTask, proxyCheckpoints } from 'waymark/workflow';
import { z } from 'zod';
import type * as activities from './activities.js';

const { greetEach } = proxyCheckpoints<typeof activities>();

export const greetEveryone = defineTask({
  id: 'greetEveryone',
  title: 'Greet everyone',
  description: 'Says hello to each name on a list.',
  input: z.object({
    names: z.array(z.string().min(1)).min(1).max(1000),
    language: z.enum(['en', 'de', 'fr']).default('en'),
  }),
  output: z.object({ greeted: z.number().int() }),
  examples: [{ names: ['Ann', 'Bob'] }],
  run: ({ names, language }) => greetEach(names, language),
});
