// The catalogue of the tests: the built-in tasks and one definition for each behaviour. Grace is short where a test waits for it.
import { condition, setWorkflowOptions, sleep, upsertSearchAttributes } from '@temporalio/workflow';
import { defineSearchAttributeKey } from '@temporalio/common';
import { z } from 'zod';
import { defineTask } from '../../../src/workflows/define-task.ts';
import { proxyCheckpoints } from '../../../src/workflows/proxy-checkpoints.ts';
import type * as activities from './activities.ts';
import { oddErrors } from './odd-errors.ts';

export * from '../../../src/workflows/index.ts';

const {
  keepOne,
  walkWith,
  walk,
  walkThenFail,
  walkThenSleep,
  beDeaf,
  say,
  answerBytes,
  failForGood,
} = proxyCheckpoints<typeof activities>();

/** Steps with a checkpoint after each, lines `step 1`…; on an abort, lines `stopping 1`… */
export const walkSteps = defineTask({
  id: 'walkSteps',
  title: 'Walk steps',
  input: z.object({
    steps: z.number().int(),
    ms: z.number().default(10),
    cleanUpLines: z.number().int().default(0),
  }),
  output: z.object({ done: z.number() }),
  examples: [{ steps: 3 }],
  run: async ({ steps, ms, cleanUpLines }) => ({ done: await walk(steps, ms, cleanUpLines) }),
});

/** Takes 5 steps; then fails, or hears of nothing. Grace 1 s. */
export const walkThen = defineTask({
  id: 'walkThen',
  title: 'Walk, then',
  grace: 1,
  input: z.object({ next: z.enum(['fail', 'sleep']), steps: z.number().int().default(5) }),
  run: ({ next, steps }) => (next === 'fail' ? walkThenFail(steps, 5) : walkThenSleep(steps, 5)),
});

/** Waits in a workflow timer: no activity, no line. */
export const takeNap = defineTask({
  id: 'takeNap',
  title: 'Take a nap',
  input: z.object({ ms: z.number() }),
  async run({ ms }) {
    await sleep(ms);
    return { slept: ms };
  },
});

/** Waits with the signal, behind a checkpoint; given up after a minute without a heartbeat. */
export const holdTask = defineTask({
  id: 'holdTask',
  title: 'Hold',
  input: z.object({ ms: z.number().default(600_000), maximumAttempts: z.number().default(1) }),
  run: async ({ ms, maximumAttempts }) => ({
    held: await proxyCheckpoints<typeof activities>({
      heartbeatTimeout: '1 minute',
      retry: { maximumAttempts },
    }).hold(ms),
  }),
});

/** Fails until the attempt `succeedAt` and waits `retryMs` before each new one; gives up after `maximumAttempts`. */
export const failThenSucceed = defineTask({
  id: 'failThenSucceed',
  title: 'Fail, then succeed',
  input: z.object({
    succeedAt: z.number().int(),
    retryMs: z.number().default(100),
    maximumAttempts: z.number().int().default(10),
    lines: z.number().int().default(1),
  }),
  run: async ({ succeedAt, retryMs, maximumAttempts, lines }) => ({
    attempt: await proxyCheckpoints<typeof activities>({
      retry: { initialInterval: retryMs, backoffCoefficient: 1, maximumAttempts },
    }).failUntil(succeedAt, lines),
  }),
});

/** An activity that does not hear of an abort for `ms`. Grace 1 s. */
export const deafTask = defineTask({
  id: 'deafTask',
  title: 'Deaf task',
  grace: 1,
  input: z.object({ ms: z.number() }),
  run: async ({ ms }) => ({ said: await beDeaf(ms) }),
});

/** Logs `lines` lines of `bytes` characters, `rate` a second (0: as fast as it can), in `parallel` activities. */
export const sayLines = defineTask({
  id: 'sayLines',
  title: 'Say lines',
  input: z.object({
    lines: z.number().int(),
    bytes: z.number().int().default(40),
    rate: z.number().default(0),
    parallel: z.number().int().default(1),
  }),
  async run({ lines, bytes, rate, parallel }) {
    const said = await Promise.all(Array.from({ length: parallel }, () => say(lines, bytes, rate)));
    return { said: said.reduce((sum, count) => sum + count, 0) };
  },
});

/** Goes on as `iterations` iterations, each with `lines` lines and then a pause. */
export const chainTask = defineTask({
  id: 'chainTask',
  title: 'Chain',
  input: z.object({
    iterations: z.number().int(),
    lines: z.number().int().default(2),
    pauseMs: z.number().default(0),
  }),
  async run(input, task) {
    await say(input.lines, 20, 0);
    if (input.pauseMs > 0) await sleep(input.pauseMs);
    if (task.iteration < input.iterations) return task.nextIteration(input);
    return { iterations: task.iteration };
  },
});

/** Goes on as `iterations` iterations; each executes a `parentTask` and triggers a `walkSteps`. */
export const repeatedParent = defineTask({
  id: 'repeatedParent',
  title: 'Repeated parent',
  input: z.object({ iterations: z.number().int() }),
  async run(input, task) {
    await task.trigger(walkSteps, { steps: 1, ms: 1 });
    await task.execute(parentTask, { steps: 1, ms: 1 });
    if (task.iteration < input.iterations) return task.nextIteration(input);
    return { iterations: task.iteration };
  },
});

/** Tells Temporal's index that it is of another tenant, and waits. */
export const strayTask = defineTask({
  id: 'strayTask',
  title: 'Stray',
  input: z.object({ tenant: z.string() }),
  async run({ tenant }) {
    upsertSearchAttributes([{ key: TENANT, value: tenant }]);
    await sleep('1 hour');
  },
});
const TENANT = defineSearchAttributeKey('TaskTenant', 'KEYWORD');

/** At most two iterations are allowed, and it asks for more. */
export const endlessChain = defineTask({
  id: 'endlessChain',
  title: 'Endless chain',
  maxIterations: 2,
  input: z.object({}),
  run: (input, task) => task.nextIteration(input),
});

/** Executes `children` runs of `walkSteps` at once and waits for them. */
export const parentTask = defineTask({
  id: 'parentTask',
  title: 'Parent',
  input: z.object({
    children: z.number().int().default(1),
    steps: z.number().int().default(2),
    ms: z.number().default(10),
  }),
  async run({ children, steps, ms }, task) {
    const outputs = await Promise.all(
      Array.from({ length: children }, (_, index) =>
        task.execute(walkSteps, { steps, ms }, { name: `Child ${index + 1}` }),
      ),
    );
    return { done: outputs.reduce((sum, { done }) => sum + done, 0) };
  },
});

/** Waits for a `walkSteps` without end and, a moment later, for a `failForGoodTask`, whose failure becomes its own. */
export const parentOfSiblings = defineTask({
  id: 'parentOfSiblings',
  title: 'Parent of siblings',
  input: z.object({ steps: z.number().int().default(10_000) }),
  run: ({ steps }, task) =>
    Promise.all([
      task.execute(walkSteps, { steps, ms: 20 }),
      sleep('1 second').then(() => task.execute(failForGoodTask, { message: 'a bad day' })),
    ]),
});

/** Executes `failForGoodTask`, whose failure becomes its own. */
export const parentOfFailure = defineTask({
  id: 'parentOfFailure',
  title: 'Parent of a failure',
  input: z.object({}),
  run: (_, task) => task.execute(failForGoodTask, {}),
});

/** An activity fails with the type `BadDay`, which is not retried. */
export const failForGoodTask = defineTask({
  id: 'failForGoodTask',
  title: 'Fail for good',
  input: z.object({ message: z.string().default('no way') }),
  run: ({ message }) => failForGood(message, 'BadDay'),
});

/** Starts a `walkSteps` of its own and ends; answers its id. */
export const triggeringTask = defineTask({
  id: 'triggeringTask',
  title: 'Trigger another',
  input: z.object({ steps: z.number().int().default(2), ms: z.number().default(10) }),
  run: async (input, task) => ({
    id: await task.trigger(walkSteps, input, { tags: ['Of-Parent'] }),
  }),
});

/** Executes a definition that no worker knows. */
export const parentOfUnknown = defineTask({
  id: 'parentOfUnknown',
  title: 'Parent of an unknown',
  input: z.object({}),
  run: (_, task) => task.execute(notExported, {}),
});
const notExported = defineTask({
  id: 'notExported',
  title: 'Not exported',
  input: z.object({}),
  run: () => null,
});

/** Its code has a bug: a TypeError. */
export const brokenTask = defineTask({
  id: 'brokenTask',
  title: 'Broken',
  input: z.object({}),
  run: () => (undefined as unknown as { missing(): string }).missing(),
});

/** Throws what Temporal cannot carry as it is. */
export const throwOdd = defineTask({
  id: 'throwOdd',
  title: 'Throw something odd',
  input: z.object({
    what: z.enum(['large', 'circular', 'details', 'textless']),
    by: z.enum(['workflow', 'activity']).default('workflow'),
  }),
  run: async ({ what, by }) => {
    if (by === 'activity') await throwOne(what);
    throw oddErrors()[what];
  },
});
const { throwOne } = proxyCheckpoints<typeof activities>({ retry: { maximumAttempts: 1 } });

/** Says in its own words that it was stopped, with what stopped it as the cause. */
export const wrapAbort = defineTask({
  id: 'wrapAbort',
  title: 'Wrap the abort',
  input: z.object({}),
  run: async () => {
    try {
      await sleep('1 hour');
    } catch (cause) {
      throw new Error('The import stopped.', { cause });
    }
  },
});

/** Takes no abort: catches it and goes on, in a loop that never waits again. */
export const deafLoop = defineTask({
  id: 'deafLoop',
  title: 'Deaf loop',
  grace: 1,
  input: z.object({ by: z.enum(['timer', 'activity', 'child']) }),
  run: async ({ by }, task) => {
    for (;;)
      try {
        if (by === 'timer') await sleep('1 hour');
        else if (by === 'activity') await walk(1000, 50);
        else await task.execute(takeNap, { ms: 3_600_000 });
      } catch {
        // Again.
      }
  },
});

/** Executes a child with options that no trigger may have. */
export const parentOfMisnamed = defineTask({
  id: 'parentOfMisnamed',
  title: 'Parent of a misnamed run',
  input: z.object({ name: z.string(), tags: z.array(z.string()).optional() }),
  run: ({ name, tags }, task) =>
    task.execute(walkSteps, { steps: 1, ms: 1 }, { name, ...(tags && { tags }) }),
});

/** Each of its workflow tasks fails, so that the run cannot move and no abort reaches it. */
export const stuckTask = defineTask({
  id: 'stuckTask',
  title: 'Stuck',
  input: z.object({}),
  run: () => {
    throw new Error('this code never passes');
  },
});
setWorkflowOptions({ failureExceptionTypes: [] }, stuckTask);

/** Waits to be aborted; then `onAbort` logs `lines` lines in an activity. */
export const cleanUpTask = defineTask({
  id: 'cleanUpTask',
  title: 'Clean up',
  input: z.object({}),
  run: () => condition(() => false),
  onAbort: () => say(3, 20, 0),
});

export const cleanUpThrows = defineTask({
  id: 'cleanUpThrows',
  title: 'Clean up throws',
  input: z.object({}),
  run: () => condition(() => false),
  onAbort: () => {
    throw new TypeError('tidy broke');
  },
});

/** What is thrown is the word of another outcome. */
export const cleanUpThrowsWord = defineTask({
  id: 'cleanUpThrowsWord',
  title: 'Clean up throws a word',
  input: z.object({}),
  run: () => condition(() => false),
  onAbort: () => Promise.reject('DONE'),
});

export const cleanUpThrowsNothing = defineTask({
  id: 'cleanUpThrowsNothing',
  title: 'Clean up throws what has no words',
  input: z.object({}),
  run: () => condition(() => false),
  onAbort: () => Promise.reject(Object.create(null)),
});

/** Grace 1 s, which also bounds the clean-up. */
export const cleanUpHangs = defineTask({
  id: 'cleanUpHangs',
  title: 'Clean up hangs',
  grace: 1,
  input: z.object({}),
  run: () => condition(() => false),
  onAbort: () => condition(() => false),
});

/** Ends with `bytes` bytes, made by the workflow or by an activity. */
export const bigOutput = defineTask({
  id: 'bigOutput',
  title: 'Big output',
  input: z.object({
    bytes: z.number().int(),
    by: z.enum(['workflow', 'activity']).default('workflow'),
  }),
  run: async ({ bytes, by }) => ({
    text: by === 'workflow' ? 'x'.repeat(bytes) : await answerBytes(bytes),
  }),
});

/** Its output is not what it declares. */
/** Its schemas throw, as code does whose author did not expect what came. */
export const throwingSchemas = defineTask({
  id: 'throwingSchemas',
  title: 'Throwing schemas',
  input: z.object({ size: z.string().transform((text) => BigInt(text)) }),
  output: z.string().refine((text) => BigInt(text) > 0n),
  run: async () => 'many',
});

export const wrongOutput = defineTask({
  id: 'wrongOutput',
  title: 'Wrong output',
  input: z.object({}),
  output: z.object({ count: z.number() }),
  run: () => ({ count: 'three' as unknown as number }),
});

/** Answers its input as `run` got it, with defaults and transforms applied. */
export const withDefaults = defineTask({
  id: 'withDefaults',
  title: 'With defaults',
  input: z.object({
    email: z.email(),
    count: z.number().int().min(1).default(3),
    words: z.string().transform((text) => text.split(' ')),
    note: z.string().optional(),
    link: z.url().optional(),
    when: z.iso.datetime().optional(),
  }),
  run: (input) => input,
});

/** Walks for at most 700 ms. */
export const timeLimited = defineTask({
  id: 'timeLimited',
  title: 'Time-limited',
  timeout: 0.7,
  grace: 2,
  input: z.object({ steps: z.number().int().default(1000) }),
  run: async ({ steps }) => ({ done: await walk(steps, 20) }),
});

export const privateTask = defineTask({
  id: 'privateTask',
  title: 'Private',
  private: true,
  input: z.object({}),
  run: () => ({ private: true }),
});

/** Keeps one thing, then walks and keeps its place with it; fails at `failAt`. Answers where it began to walk. */
export const keepPlace = defineTask({
  id: 'keepPlace',
  title: 'Keep a place',
  input: z.object({
    secret: z.string(),
    steps: z.number().int(),
    failAt: z.number().int().default(0),
  }),
  async run({ secret, steps, failAt }) {
    await keepOne(secret);
    return { from: await walkWith(secret, steps, failAt) };
  },
});
