import { setTimeout as sleep } from 'node:timers/promises';
import { ApplicationFailure, CancelledFailure } from '@temporalio/activity';
import { ServiceError, WorkflowNotFoundError } from '@temporalio/client';
import { ActivityCancellationDetails } from '@temporalio/common';
import { describe, expect, test } from 'vitest';
import { ActivityAbort } from '../../src/activities/activity-abort.ts';
import { abortSignal, checkpoint, lastCheckpoint } from '../../src/activities/checkpoint.ts';
import { log } from '../../src/activities/log.ts';
import { progress } from '../../src/activities/progress.ts';
import { RunLog, sizeOf } from '../../src/contract/wire/run-log.ts';
import type { LogEnvelope } from '../../src/contract/wire/run-log.ts';
import { grpcError } from '../support/grpc-error.ts';
import { activityTest, linesOf } from './activity.ts';

const codesOf = (...envelopes: readonly LogEnvelope[]) =>
  envelopes.flatMap(({ segs }) => segs.flatMap(({ lines }) => lines.map(({ e }) => e)));
const refusedBy = (error: Error) => async () => {
  throw error;
};

const cancel = (cause: string) => ({
  workflowExecutionCancelRequestedEventAttributes: { cause },
});
const scheduled = (activityId: string) => ({
  activityTaskScheduledEventAttributes: { activityId },
});

describe('a checkpoint', () => {
  test('goes on when nobody asked to stop', async () => {
    const { result } = await activityTest().run(async () => {
      await checkpoint();
      return 'done';
    });
    expect(result).toBe('done');
  });

  test('stops a tight loop once the run was aborted', async () => {
    const { environment, run } = activityTest();
    let steps = 0;
    const running = run(async () => {
      for (;;) {
        if (++steps === 100) setImmediate(() => environment.cancel());
        await checkpoint(steps);
      }
    });
    await expect(running).rejects.toBeInstanceOf(CancelledFailure);
    expect(steps).toBeLessThan(110);
  });

  test('keeps the state as it was then, for the next attempt', async () => {
    const first = activityTest();
    const state = { path: 'a', seen: ['x'] };
    await expect(
      first.run(async () => {
        await checkpoint(state);
        state.seen.push('after');
        throw new Error('crash');
      }),
    ).rejects.toThrow('crash');
    const second = activityTest({ heartbeatDetails: first.beats.at(-1), attempt: 2 });
    const { result } = await second.run(async () => lastCheckpoint());
    expect(result).toEqual({ path: 'a', seen: ['x'] });
  });

  test('without a state leaves the one before it', async () => {
    const { result } = await activityTest().run(async () => {
      await checkpoint(1);
      await checkpoint();
      return lastCheckpoint();
    });
    expect(result).toBe(1);
  });

  test.each([
    ['too large', 'x'.repeat(70_000), 'PAYLOAD_TOO_LARGE'],
    ['no JSON', { a: 1n }, 'INVALID_CHECKPOINT'],
  ])('refuses a state that is %s, for good', async (_, state, type) => {
    await expect(activityTest().run(() => checkpoint(state))).rejects.toMatchObject({
      type,
      nonRetryable: true,
    });
  });

  test.each([
    ['checkpoint', () => checkpoint()],
    ['lastCheckpoint', async () => lastCheckpoint()],
    ['abortSignal', async () => abortSignal()],
  ])('%s says so when it is called outside of an activity', async (name, call) => {
    await expect(call()).rejects.toThrow(`${name} was called outside of an activity`);
  });

  test.each([
    ['paused', { paused: true }, 'The activity was paused.'],
    ['reset', { reset: true }, 'The activity was reset.'],
    ['interrupted by its worker', { workerShutdown: true }, 'The worker shuts down.'],
  ])('tells why when it is %s', async (_, details, reason) => {
    const { environment, run } = activityTest();
    const running = run(async () => {
      for (;;) await checkpoint();
    });
    setImmediate(() => environment.cancel('CANCELLED', new ActivityCancellationDetails(details)));
    await expect(running).rejects.toMatchObject({ name: 'AbortError', by: null, reason });
  });

  const inTime = { seconds: 0.7, at: Date.now() };
  test.each([
    ['an abort', [cancel('alice: enough')], {}, 'Aborted by alice: enough', 'alice', 'enough'],
    ['a cancel by nobody', [cancel('by hand')], {}, 'by hand', null, 'by hand'],
    [
      'the end of its run by force',
      [{ workflowExecutionTerminatedEventAttributes: { reason: 'bob: now' } }],
      {},
      'Aborted by bob: now',
      'bob',
      'now',
    ],
    [
      'its own task, long after an abort of something else',
      [scheduled('7'), cancel('alice: enough')],
      {},
      'The activity was stopped.',
      null,
      null,
    ],
    [
      'the time-out of its run',
      [scheduled('7')],
      { timeout: inTime },
      'The run did not end within 0.7 s.',
      null,
      'The run did not end within 0.7 s.',
    ],
  ])('tells who and why by its signal: %s', async (_, history, header, message, by, reason) => {
    const { environment, run, signals } = activityTest({ history, header });
    let told: unknown;
    const running = run(async () => {
      const signal = abortSignal();
      try {
        await sleep(60_000, undefined, { signal });
      } finally {
        told = signal.reason;
      }
    });
    setImmediate(() => environment.cancel());
    await expect(running).rejects.toMatchObject({ name: 'AbortError' });
    expect(told).toBeInstanceOf(ActivityAbort);
    expect(told).toMatchObject({ message, by, reason });
    const last = linesOf(...signals).at(-1);
    expect(last).toMatch(reason === null ? / Stopped$/ : `1/7/1#2 Stopped: ${message}`);
  });

  test.each([{ paused: true }, { reset: true }])(
    'ends a wait as Temporal can take it when it is %o',
    async (details) => {
      const { environment, run, signals } = activityTest();
      const running = run(() => sleep(60_000, undefined, { signal: abortSignal() }));
      setImmediate(() => environment.cancel('CANCELLED', new ActivityCancellationDetails(details)));
      await expect(running).rejects.toBeInstanceOf(CancelledFailure);
      expect(linesOf(...signals).at(-1)).toMatch(/ (?:Paused|Reset)$/);
    },
  );

  test('of a paused activity may be told in words of its own', async () => {
    const { environment, run } = activityTest();
    const running = run(async () => {
      try {
        await sleep(60_000, undefined, { signal: abortSignal() });
      } catch (cause) {
        throw new Error('The import stopped.', { cause });
      }
    });
    const details = new ActivityCancellationDetails({ paused: true });
    setImmediate(() => environment.cancel('CANCELLED', details));
    await expect(running).rejects.toBeInstanceOf(CancelledFailure);
  });

  test('fires the signal that fetch and friends take', async () => {
    const { environment, run } = activityTest();
    const running = run(() => sleep(60_000, undefined, { signal: abortSignal() }));
    setImmediate(() => environment.cancel());
    await expect(running).rejects.toMatchObject({ name: 'AbortError' });
  });
});

describe('the log of an attempt', () => {
  test.each([
    ['as its run says', { run: '00000000', mark: '0123abcd' }, '1/7@0123abcd/1'],
    ['in another execution than scheduled it', { run: '89abcdef' }, '1/7@00000000/1'],
    ['in no other', { run: '00000000' }, '1/7/1'],
    ['of an older version', {}, '1/7/1'],
  ])('is marked after a reset: %s', async (_, header, source) => {
    const { log } = await activityTest({ header }).run(async () => undefined);
    expect(log.src).toBe(source);
    expect(log.segs.map(({ src }) => src)).toEqual([source]);
  });

  test('leaves with the result, its start first', async () => {
    const { run, signals, beats } = activityTest({ header: { iteration: 3 } });
    const { result, log: envelope } = await run(async () => {
      log.info('one', { a: 1 });
      log.warn('two');
      return 42;
    });
    expect(result).toBe(42);
    expect(envelope).toMatchObject({ v: 1, src: '3/7/1', ended: true });
    expect(linesOf(envelope)).toEqual(['3/7/1#1 Started', '3/7/1#2 one', '3/7/1#3 two']);
    expect([...signals, ...beats]).toEqual([]);
  });

  test('is signalled before a failure, which is its last line', async () => {
    const { run, signals } = activityTest({ attempt: 2 });
    await expect(
      run(async () => {
        log.info('working');
        throw ApplicationFailure.create({ message: 'no luck', type: 'BadDay' });
      }),
    ).rejects.toThrow('no luck');
    expect(linesOf(...signals)).toEqual([
      '1/7/2#1 Attempt 2 started',
      '1/7/2#2 working',
      '1/7/2#3 Attempt 2 failed: no luck',
    ]);
    expect(codesOf(...signals)).toEqual(['ATTEMPT_STARTED', undefined, 'ATTEMPT_FAILED']);
    expect(signals.at(-1)?.segs.at(-1)?.lines.at(-1)).toMatchObject({
      l: 'ERROR',
      d: { type: 'BadDay' },
    });
  });

  test('keeps what is logged while an aborted activity stops', async () => {
    const { environment, run, signals } = activityTest();
    const running = run(async () => {
      try {
        for (;;) await checkpoint();
      } finally {
        log.info('tidied up');
      }
    });
    setImmediate(() => environment.cancel());
    await expect(running).rejects.toBeInstanceOf(CancelledFailure);
    expect(linesOf(...signals).slice(-2)).toEqual(['1/7/1#2 tidied up', '1/7/1#3 Stopped']);
    expect(codesOf(...signals)).toEqual(['ATTEMPT_STARTED', undefined, 'ATTEMPT_STOPPED']);
  });

  test('leaves the last state in the run, with the last of its lines alone', async () => {
    const { run, signals } = activityTest();
    const running = run(async () => {
      for (let n = 1; n <= 3000; n++) {
        log.info(`line ${n}`.padEnd(200, '.'));
        if (n % 100 === 0) await checkpoint({ n });
      }
      throw new Error('no more');
    });
    await expect(running).rejects.toThrow('no more');
    expect(signals.length).toBeGreaterThan(1);
    expect(signals.map(({ state, ended }) => ({ state, ended }))).toEqual([
      ...signals.slice(1).map(() => ({ state: undefined, ended: undefined })),
      { state: { n: 3000 }, ended: true },
    ]);
  });

  test('takes over what a lost attempt could not settle, under its source', async () => {
    const lost: LogEnvelope = {
      v: 1,
      src: '1/7/1',
      segs: [{ src: '1/7/1', step: 'tested', lines: [{ n: 5, t: 1, l: 'INFO', m: 'last words' }] }],
    };
    const { log: envelope } = await activityTest({ heartbeatDetails: lost, attempt: 2 }).run(
      async () => null,
    );
    expect(linesOf(envelope)).toEqual(['1/7/1#5 last words', '1/7/2#1 Attempt 2 started']);
  });

  test('is complete and in order when it overflows', async () => {
    const { run, signals } = activityTest();
    const { log: envelope } = await run(async () => {
      for (let n = 1; n <= 3000; n++) {
        log.info(`line ${n}`.padEnd(200, '.'));
        if (n % 100 === 0) await checkpoint();
      }
    });
    expect(signals.length).toBeGreaterThan(0);
    const kept = new RunLog();
    for (const one of [...signals, envelope]) kept.apply(one);
    const numbers = kept.page({ limitBytes: Infinity }).entries.map(({ n }) => n);
    expect(numbers).toEqual(Array.from({ length: 3001 }, (_, index) => index + 1));
  });

  test('keeps head and tail beyond its budget, and counts the rest', async () => {
    const { run, signals } = activityTest({ header: { budget: 100_000 } });
    const { log: envelope } = await run(async () => {
      for (let n = 2; n <= 20_000; n++) log.info(`line ${n}`);
    });
    const kept = new RunLog();
    for (const one of [...signals, envelope]) kept.apply(one);
    const { entries } = kept.page({ limitBytes: Infinity });
    const markers = entries.filter(({ dropped }) => dropped);
    const dropped = markers.reduce((sum, one) => sum + (one.dropped ?? 0), 0);
    expect(markers).toHaveLength(1);
    expect(entries.length - 1 + dropped).toBe(20_000);
    expect(entries[0]).toMatchObject({ n: 1, m: 'Started' });
    expect(entries.at(-1)).toMatchObject({ n: 20_000, m: 'line 20000' });
    expect(entries.reduce((sum, one) => sum + sizeOf(one), 0)).toBeLessThan(100_000 + 70_000);
  });

  test('without a budget still ends with its newest lines', async () => {
    const { log: envelope } = await activityTest({ header: { budget: 0 } }).run(async () => {
      for (let n = 2; n <= 2000; n++) log.info(`line ${n}`);
    });
    expect(linesOf(envelope).at(-1)).toBe('1/7/1#2000 line 2000');
    expect(linesOf(envelope)[0]).toMatch(/dropped/);
  });

  test('spends its budget once over all attempts', async () => {
    const lost: LogEnvelope = { v: 1, src: '1/7/1', segs: [], spent: 4 * 1024 * 1024 };
    const { run, signals } = activityTest({ heartbeatDetails: lost, attempt: 2 });
    await run(async () => {
      for (let n = 1; n <= 5000; n++) log.info(`line ${n}`);
    });
    expect(signals).toEqual([]);
  });

  test.each([
    ['takes no more signals', new ServiceError('no', { cause: grpcError(3, 'too many signals') })],
    // The typed client keeps no code for it.
    ['is over', new WorkflowNotFoundError('workflow execution already completed', 'a-1', 'r')],
  ])('is cut to its tail when the run %s', async (_, error) => {
    const { run } = activityTest({ onSignal: refusedBy(error) });
    const { log: envelope } = await run(async () => {
      for (let n = 2; n <= 3000; n++) log.info(`line ${n}`.padEnd(100));
      await sleep(20);
    });
    expect(linesOf(envelope)[0]).toMatch(/^1\/7\/1#\d+ dropped \d+$/);
    expect(linesOf(envelope).at(-1)).toMatch(/^1\/7\/1#3000 /);
  });

  test('is tried again when Temporal could not be reached', async () => {
    let failures = 1;
    const { run, signals } = activityTest({
      onSignal: async () => {
        if (failures-- > 0) throw new Error('away', { cause: { code: 14 } });
      },
    });
    await expect(run(() => Promise.reject(new Error('late')))).rejects.toThrow('late');
    expect(linesOf(...signals)).toEqual(['1/7/1#1 Started', '1/7/1#2 Attempt 1 failed: late']);
  });

  test('keeps its beginning when much waits and Temporal could not be reached', async () => {
    let refusals = 1;
    const { run, signals } = activityTest({
      onSignal: () => {
        if (refusals-- > 0) throw new Error('14 UNAVAILABLE');
      },
    });
    const lines = 2000;
    const { log: rest } = await run(async () => {
      for (let n = 1; n <= lines; n++) log.info(`line ${n} ${'x'.repeat(1000)}`);
      await sleep(50);
    });
    const kept = [...signals, rest].flatMap(({ segs }) => segs.flatMap((segment) => segment.lines));
    expect(kept.filter(({ dropped }) => dropped !== undefined)).toEqual([]);
    // Its start, and then each line.
    expect(kept.map(({ n }) => n)).toEqual(Array.from({ length: lines + 1 }, (_, n) => n + 1));
  });

  test('never throws, whatever it is given', async () => {
    const circle: Record<string, unknown> = {};
    circle['self'] = circle;
    const { log: envelope } = await activityTest().run(async () => {
      log.info('circle', circle);
      log.info('error', { error: new RangeError('far') });
      log.info('big', 10n);
      log.info('large', 'x'.repeat(10_000));
      log.info('ü'.repeat(10_000));
      log.info(undefined as unknown as string);
      log.info('bad', {
        toJSON() {
          throw new Error('not me');
        },
      });
      progress({ done: Number.NaN, total: Infinity });
    });
    const lines = envelope.segs[0]?.lines ?? [];
    expect(lines.map(({ d }) => d)).toMatchObject([
      undefined,
      { unserializable: expect.stringContaining('circular') },
      { error: { name: 'RangeError', message: 'far' } },
      '10',
      { truncated: 10_002 },
      undefined,
      undefined,
      { unserializable: 'Error: not me' },
    ]);
    expect(Buffer.byteLength(lines[5]?.m ?? '')).toBeLessThan(8200);
    expect(envelope.progress).toEqual({ done: 0, total: null, message: null });
  });

  test('of code that runs outside of an activity is dropped without an exception', () => {
    expect(() => log.info('nobody hears this')).not.toThrow();
    expect(() => progress({ done: 1 })).not.toThrow();
  });
});

describe('a heartbeat', () => {
  test('carries lines, progress and state while the activity works', async () => {
    const { run, beats } = activityTest();
    await run(async () => {
      progress({ done: 1, total: 2, message: 'half' });
      await checkpoint({ at: 1 });
      await sleep(600);
    });
    expect(beats[0]).toMatchObject({
      v: 1,
      src: '1/7/1',
      progress: { done: 1, total: 2, message: 'half' },
      state: { at: 1 },
    });
    expect(linesOf(beats[0])).toEqual(['1/7/1#1 Started']);
  });

  test('repeats the last details when there is nothing new', async () => {
    const { run, beats } = activityTest();
    await run(async () => {
      await checkpoint('kept');
      await sleep(2600);
    });
    expect(beats.length).toBeGreaterThanOrEqual(2);
    expect(beats.at(-1)).toMatchObject({ state: 'kept' });
  });

  test('of one among many is small', async () => {
    const { run, beats } = activityTest({ header: { parallel: 1000 } });
    await run(async () => {
      for (let n = 1; n <= 100; n++) log.info('x'.repeat(100));
      await sleep(500);
    });
    expect(JSON.stringify(beats[0]).length).toBeLessThan(2000);
  });
});

describe('the result of an activity', () => {
  test('is plain for a workflow that is none of ours', async () => {
    const { run, signals } = activityTest({ header: null });
    expect(
      await run(async () => {
        log.info('heard by nobody');
        await checkpoint();
        return { plain: true };
      }),
    ).toEqual({ plain: true });
    expect(signals).toEqual([]);
  });

  test('is refused for good when Temporal could not carry it', async () => {
    await expect(activityTest().run(async () => 'x'.repeat(2_100_000))).rejects.toMatchObject({
      type: 'PAYLOAD_TOO_LARGE',
      nonRetryable: true,
    });
    await expect(activityTest().run(async () => 1n)).rejects.toMatchObject({
      type: 'INVALID_OUTPUT',
      nonRetryable: true,
    });
  });

  test('may be bytes, which then come as they are', async () => {
    const { run, signals } = activityTest();
    expect(await run(async () => new Uint8Array([1, 2]))).toEqual(new Uint8Array([1, 2]));
    expect(linesOf(...signals)).toEqual(['1/7/1#1 Started']);
  });
});
