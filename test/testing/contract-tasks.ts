// The tasks of the contract tests; what they do is ordered from the test.
import { z } from 'zod';
import { defineTask } from '../../src/workflows/define-task.ts';
import { proxyCheckpoints } from '../../src/workflows/proxy-checkpoints.ts';
import type * as activities from './contract-activities.ts';

const { obey } = proxyCheckpoints<typeof activities>({ retry: { maximumAttempts: 1 } });

export const obeyOrders = defineTask({
  id: 'obeyOrders',
  title: 'Obey orders',
  description: 'Does what the test says.',
  input: z.object({
    label: z.string().min(1),
    pages: z.number().int().max(10).optional(),
    copies: z.number().default(1),
    since: z.coerce.date().optional(),
    // Throws for most texts, as code does that its author never gave one.
    bytes: z
      .string()
      .transform((text) => BigInt(text))
      .optional(),
    notes: z.json().optional(),
  }),
  run: () => obey(),
});

export const keepSecret = defineTask({
  id: 'keepSecret',
  title: 'Keep a secret',
  private: true,
  input: z.object({}),
  run: () => obey(),
});
