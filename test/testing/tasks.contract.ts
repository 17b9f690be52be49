import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { RUN_FILTER } from '../../src/contract/rules/run-filter.ts';
import { TaskRunStatus } from '../../src/contract/task-run.ts';
import { VERSION } from '../../src/contract/version.ts';
import type { TaskRun } from '../../src/contract/task-run.ts';
import type { Caller } from '../../src/contract/caller.ts';
import type {
  LogEvent,
  TaskDefinitionInfo,
  TaskRunFilter,
  Tasks,
  TriggerOptions,
} from '../../src/contract/tasks.ts';
import { eventually } from '../support/whole.ts';
import type * as contractTasks from './contract-tasks.ts';
import type { Order } from './orders.ts';

/** What every home of `Tasks` has. Beside the gateway the catalogue is there at once; from afar it comes. */
type Service = Omit<
  Tasks<typeof contractTasks>,
  'as' | 'definitions' | 'settings' | 'updateSettings'
> & {
  definitions(): Awaitable<readonly TaskDefinitionInfo[]>;
} & Partial<Pick<Tasks, 'settings' | 'updateSettings'>>;
type Awaitable<T> = T | Promise<T>;

/** An implementation of `Tasks` and the means to move its runs. */
export interface ContractWorld {
  /** The same tasks for another caller. */
  readonly as: (caller: Caller) => Service;
  /** Where the runs are kept, for whatever code beside it may do. */
  readonly home: Tasks<typeof contractTasks>;
  /** What this one has not, because it cannot travel. Where the suite asks for it, it holds that it is refused. */
  readonly lacks: ReadonlySet<Capability>;
  /** Resolves when a worker has begun the run. */
  readonly begin: (id: string) => Promise<void>;
  readonly order: (id: string, order: Order) => void;
  /** Called when the run was asked to abort: it shall stop. */
  readonly letStop: (id: string) => void;
  readonly close: () => Promise<void>;
}

/**
 * A name that a caller gives itself; private definitions; a predicate of code in a filter; what is set for the whole
 * installation.
 */
export type Capability = 'names' | 'private definitions' | 'predicates' | 'settings';

/** What every implementation of `Tasks` answers, whatever is behind it. */
export function testTasks(create: () => Promise<ContractWorld>): void {
  let world: ContractWorld;
  let tasks: Service;
  const asked = new Asked();
  beforeAll(async () => {
    world = await create();
    tasks = asked.of(world.as({ name: 'ann' }));
  });
  afterAll(() => world.close());

  const trigger = (options: TriggerOptions = {}, label = 'a'): Promise<TaskRun> =>
    tasks.trigger({ definition: 'obeyOrders', input: { label }, ...options });
  const begun = async (options: TriggerOptions = {}): Promise<TaskRun> => {
    const run = await trigger(options);
    await world.begin(run.id);
    return run;
  };
  const closed = (id: string): Promise<TaskRun> =>
    eventually(async () => {
      const run = await tasks.get(id);
      expect(run.finishedAt).not.toBeNull();
      return run;
    });
  const ended = async (order: Order, options: TriggerOptions = {}): Promise<TaskRun> => {
    const { id } = await begun(options);
    world.order(id, order);
    return closed(id);
  };
  const failed = (options: TriggerOptions = {}): Promise<TaskRun> =>
    ended({ type: 'fail', message: 'no' }, options);
  const succeeded = (options: TriggerOptions = {}): Promise<TaskRun> =>
    ended({ type: 'succeed', output: 'ok' }, options);
  /** Lists are eventual: waits until one holds what it shall. */
  const listed = (filter: TaskRunFilter, count: number): Promise<readonly TaskRun[]> =>
    eventually(async () => {
      const { runs } = await tasks.list({ filter });
      expect(runs).toHaveLength(count);
      return runs;
    });

  describe('the catalogue', () => {
    test('publishes every definition with the JSON Schema of its input', async () => {
      const definitions = await tasks.definitions();
      expect(definitions.map(({ id, private: hidden }) => [id, hidden])).toEqual([
        ...(world.lacks.has('private definitions') ? [] : [['keepSecret', true]]),
        ['obeyOrders', false],
      ]);
      expect(definitions.at(-1)).toMatchObject({
        title: 'Obey orders',
        grace: 30,
        outputSchema: null,
        inputSchema: { type: 'object', required: ['label'] },
      });
    });
  });

  describe('trigger', () => {
    test('answers the run, as it was asked for', async () => {
      const run = await trigger({ name: 'Photos', tags: ['Blue', 'blue'], parent: { id: 'up' } });
      expect(run).toMatchObject({
        definition: 'obeyOrders',
        name: 'Photos',
        tags: ['blue'],
        triggeredBy: 'ann',
        parent: 'up',
        rerunOf: null,
        iteration: 1,
        scheduledFor: null,
        finishedAt: null,
        deduplicated: false,
      });
      expect([TaskRunStatus.Pending, TaskRunStatus.Running]).toContain(run.status);
      expect(await tasks.get(run.id)).toMatchObject({ name: 'Photos', createdAt: run.createdAt });
    });

    test('names a run by its definition when it is given no name', async () => {
      expect(await trigger()).toMatchObject({ name: 'Obey orders' });
    });

    test('keeps the input, of any size', async () => {
      const label = 'é'.repeat(2000);
      const run = await trigger({}, label);
      expect(await tasks.input(run)).toEqual({ label });
    });

    test('takes a private definition from code', async () => {
      const run = tasks.trigger({ definition: 'keepSecret', input: {} });
      if (world.lacks.has('private definitions'))
        await expect(run).rejects.toMatchObject({ code: 'TASK_DEFINITION_NOT_FOUND' });
      else expect(await run).toMatchObject({ name: 'Keep a secret' });
    });

    test('refuses an unknown definition and names the nearest public one', async () => {
      const definition = 'obeyOrder' as 'obeyOrders';
      await expect(tasks.trigger({ definition, input: { label: 'a' } })).rejects.toMatchObject({
        code: 'TASK_DEFINITION_NOT_FOUND',
        details: { suggestions: ['obeyOrders'] },
      });
    });

    test('refuses an input that does not fit, with one issue a field', async () => {
      const input = { label: '', pages: 11 };
      await expect(tasks.trigger({ definition: 'obeyOrders', input })).rejects.toMatchObject({
        code: 'INVALID_INPUT',
        details: {
          issues: [
            { path: ['label'], code: 'too_small', message: expect.any(String) },
            { path: ['pages'], code: 'too_big', message: expect.any(String) },
          ],
        },
      });
    });

    test.each<[string, object, (string | number)[]]>([
      ['on which its schema throws', { bytes: 'many' }, ['bytes']],
      ['that is nested too deep', { notes: nested(2000) }, ['notes']],
    ])('refuses an input %s, with its path', async (_, fields, path) => {
      const input = { label: 'a', ...fields };
      await expect(tasks.trigger({ definition: 'obeyOrders', input })).rejects.toMatchObject({
        code: 'INVALID_INPUT',
        details: { issues: [expect.objectContaining({ path })] },
      });
    });

    test('refuses an input that Temporal could not carry', async () => {
      await expect(trigger({}, 'a'.repeat(2 << 20))).rejects.toMatchObject({
        code: 'PAYLOAD_TOO_LARGE',
      });
    });

    test.each<[string, TriggerOptions]>([
      ['an empty name', { name: '' }],
      ['a name of 201 characters', { name: 'a'.repeat(201) }],
      ['a name with a control character', { name: 'a\u0000b' }],
      ['21 tags', { tags: Array.from({ length: 21 }, (_, index) => `${index}`) }],
      ['a tag of 101 characters', { tags: ['a'.repeat(101)] }],
      ['an empty key', { key: '' }],
      ['a priority of 6', { priority: 6 }],
      ['a parent without an id', { parent: { id: '' } }],
    ])('refuses %s', async (_, options) => {
      await expect(trigger(options)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    });

    test.each<[string, TriggerOptions]>([
      ['a negative delay', { delay: -1 }],
      ['a delay that is no number', { delay: Number.NaN }],
      ['a delay of 355 days', { delay: 30_672_000 }],
      ['an invalid date', { runAt: new Date(Number.NaN) }],
      ['two delays', { delay: 1, runAt: new Date() }],
    ])('refuses %s', async (_, options) => {
      await expect(trigger(options)).rejects.toMatchObject({ code: 'INVALID_DELAY' });
    });

    test('holds a delayed run back until it is due', async () => {
      const run = await trigger({ delay: 3600 });
      const due = run.createdAt.getTime() + 3_600_000;
      expect(run).toMatchObject({ status: 'PENDING', startedAt: null });
      expect(Math.abs((run.scheduledFor?.getTime() ?? 0) - due)).toBeLessThan(1000);
      expect(await tasks.diagnose(run)).toMatchObject({ code: 'DELAYED' });
    });

    test('a time in the past means now', async () => {
      expect(await trigger({ runAt: new Date(0) })).toMatchObject({ scheduledFor: null });
    });
  });

  describe('a key', () => {
    test('makes one run of many triggers', async () => {
      const key = randomUUID();
      const runs = await Promise.all(
        [1, 2, 3, 4, 5].map(() =>
          tasks.trigger({ definition: 'obeyOrders', input: { label: 'a' }, key }),
        ),
      );
      expect(new Set(runs.map(({ id }) => id)).size).toBe(1);
      expect(runs.filter(({ deduplicated }) => !deduplicated)).toHaveLength(1);
    });

    test('still answers its run when that has ended', async () => {
      const key = randomUUID();
      const { id } = await succeeded({ key });
      expect(await trigger({ key })).toMatchObject({ id, deduplicated: true });
    });

    test('answers its run to an input that leaves a default out, or gives it', async () => {
      const key = randomUUID();
      const { id } = await trigger({ key });
      const input = { label: 'a', copies: 1 };
      const same = await tasks.trigger({ definition: 'obeyOrders', input, key });
      expect(same).toMatchObject({ id, deduplicated: true });
      const other = { label: 'a', copies: 2 };
      await expect(
        tasks.trigger({ definition: 'obeyOrders', input: other, key }),
      ).rejects.toMatchObject({ code: 'KEY_CONFLICT' });
    });

    test('lets a default be left out of an input with a date and a bigint, too', async () => {
      const key = randomUUID();
      const input = { label: 'a', since: '2026-11-24', bytes: '12' };
      const { id } = await tasks.trigger({ definition: 'obeyOrders', input, key });
      expect(
        await tasks.trigger({ definition: 'obeyOrders', input: { ...input, copies: 1 }, key }),
      ).toMatchObject({ id, deduplicated: true });
      await expect(
        tasks.trigger({ definition: 'obeyOrders', input: { ...input, bytes: '13' }, key }),
      ).rejects.toMatchObject({ code: 'KEY_CONFLICT' });
    });

    test('is refused with another input, and names the run that it made', async () => {
      const key = randomUUID();
      const { id } = await trigger({ key });
      await expect(trigger({ key }, 'b')).rejects.toMatchObject({
        code: 'KEY_CONFLICT',
        details: { key, runId: id },
      });
    });
  });

  describe('the end of a run', () => {
    test('has its output', async () => {
      const run = await ended({ type: 'succeed', output: { pages: 3 } });
      expect(run).toMatchObject({ status: 'SUCCEEDED' });
      expect(await tasks.outcome(run)).toMatchObject({
        output: { pages: 3 },
        error: null,
        abort: null,
      });
      expect(await tasks.diagnose(run)).toBeNull();
    });

    test('has its error', async () => {
      const run = await ended({ type: 'fail', message: 'No paper' });
      expect(run).toMatchObject({ status: 'FAILED' });
      expect(await tasks.outcome(run)).toMatchObject({
        output: null,
        error: { code: 'Refused', message: 'No paper', step: 'obey', attempt: 1 },
      });
      expect((await tasks.logs(run.id)).lines.at(-1)).toMatchObject({
        event: 'FAILED',
        message: 'Failed: Refused: No paper',
      });
    });
  });

  describe('abort', () => {
    test('stops a running run and keeps who and why', async () => {
      const { id } = await begun();
      const bob = world.as({ name: 'bob' });
      expect(await bob.abort({ id, reason: 'No longer: needed' })).toMatchObject({
        outcome: 'ABORTING',
        run: { id, status: 'ABORTING' },
      });
      world.letStop(id);
      const run = await closed(id);
      expect(run).toMatchObject({ status: 'ABORTED', abortRequested: true });
      expect(await tasks.outcome(run)).toMatchObject({
        error: null,
        abort: { by: 'bob', reason: 'No longer: needed', mode: 'GRACEFUL', graceEndsAt: null },
      });
      expect(await tasks.abort({ id })).toMatchObject({ outcome: 'ALREADY_FINISHED' });
    });

    test('lets the first reason stand', async () => {
      const { id } = await trigger({ delay: 3600 });
      await tasks.abort({ id, reason: 'first' });
      const again = await tasks.abort({ id, reason: 'second' });
      expect(['ALREADY_ABORTING', 'ALREADY_FINISHED']).toContain(again.outcome);
      world.letStop(id);
      expect(await tasks.outcome(await closed(id))).toMatchObject({ abort: { reason: 'first' } });
    });

    test('ends a delayed run whose body has not begun', async () => {
      const { id } = await trigger({ delay: 3600 });
      await tasks.abort({ id });
      world.letStop(id);
      expect(await tasks.outcome(await closed(id))).toMatchObject({
        abort: { by: 'ann', reason: null, mode: 'BEFORE_START' },
      });
    });

    test.each([
      ['a reason of 1,001 characters', { reason: 'a'.repeat(1001) }],
      ['a negative grace', { grace: -1 }],
      ['a grace of more than an hour', { grace: 3601 }],
      ['a grace that is no whole number of seconds', { grace: 0.5 }],
    ])('refuses %s', async (_, request) => {
      const { id } = await trigger();
      await expect(tasks.abort({ id, ...request })).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
        details: { argument: Object.keys(request)[0] },
      });
    });

    test.each([
      ['a name with a colon', 'a:b'],
      ['no name', ''],
      ['a name of 101 characters', 'a'.repeat(101)],
    ])('is not for an actor with %s', (_, actor) => {
      if (world.lacks.has('names')) expect(tasks).not.toHaveProperty('as');
      else
        expect(() => world.as({ name: actor })).toThrow(
          expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
        );
    });
  });

  test('tells who asks, and what answers', async () => {
    expect(await tasks.me()).toMatchObject({ name: 'ann' });
    expect((await tasks.me()).rights).toContain('trigger');
    const { version, namespace, now } = await tasks.server();
    expect([version, namespace]).toEqual([VERSION, expect.stringMatching(/./)]);
    expect(Math.abs(now.getTime() - Date.now())).toBeLessThan(3_600_000);
  });

  describe('a caller from outside', () => {
    let outside: Service;
    beforeAll(() => {
      outside = world.as({ name: 'eve', publicOnly: true });
    });

    test('sees the catalogue without what is private', async () => {
      expect((await outside.definitions()).map(({ id }) => id)).toEqual(['obeyOrders']);
    });

    test('neither triggers nor repeats what is private', async () => {
      const unknown = { code: 'TASK_DEFINITION_NOT_FOUND' };
      const hidden = { definition: 'keepSecret', input: {} } as const;
      await expect(outside.trigger(hidden)).rejects.toMatchObject(unknown);
      const { id } = await world.home.trigger(hidden);
      await expect(outside.rerun({ id })).rejects.toMatchObject(unknown);
      expect(await tasks.count({ actor: ['eve'], definition: ['keepSecret'] })).toBe(0);
    });
  });

  describe('terminate', () => {
    test('ends a run at once, whether it was asked to stop or not', async () => {
      const { id } = await begun();
      await tasks.abort({ id, reason: 'please', grace: 3600 });
      expect(await tasks.terminate({ id, reason: 'Stuck' })).toMatchObject({
        outcome: 'TERMINATED',
        run: { status: 'ABORTED' },
      });
      expect(await tasks.outcome(await closed(id))).toMatchObject({
        abort: { by: 'ann', reason: 'Stuck', mode: 'TERMINATED' },
      });
      const { lines } = await tasks.logs(id);
      const life = lines.flatMap(({ event, message }) =>
        event === null ? [] : [[event, message]],
      );
      expect(life).toContainEqual(['ABORT_REQUESTED', 'Abort requested by ann: please']);
      expect(life.at(-1)).toEqual(['ABORTED', 'Aborted (TERMINATED) by ann: Stuck']);
      expect(await tasks.terminate({ id })).toMatchObject({ outcome: 'ALREADY_FINISHED' });
    });

    test('refuses a reason of 1,001 characters', async () => {
      const { id } = await trigger();
      await expect(tasks.terminate({ id, reason: 'a'.repeat(1001) })).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
        details: { argument: 'reason' },
      });
    });
  });

  test('a rerun is a new run with the old input that names the old run', async () => {
    const old = await trigger({ name: 'Photos', tags: ['blue'] }, 'old');
    const run = await tasks.rerun({ id: old.id });
    expect(run).toMatchObject({ rerunOf: old.id, definition: 'obeyOrders', name: 'Photos' });
    expect(run.id).not.toBe(old.id);
    expect(await tasks.input(run)).toEqual({ label: 'old' });
    const other = await tasks.rerun({ id: old.id, input: { label: 'new' }, name: 'Other' });
    expect(await tasks.input(other)).toEqual({ label: 'new' });
    expect(other).toMatchObject({ name: 'Other' });
  });

  describe('a run that failed', () => {
    test('is gone on from by a new run, and the two name each other', async () => {
      const old = await failed({ name: 'Photos', tags: ['blue'] });
      const run = await tasks.resume({ id: old.id });
      expect(run).toMatchObject({
        resumeOf: old.id,
        rerunOf: null,
        definition: 'obeyOrders',
        name: 'Photos',
        tags: ['blue'],
        deduplicated: false,
        calls: [{ id: 'obey#1', name: 'obey', kind: 'ACTIVITY', how: 'AGAIN' }],
      });
      expect(await tasks.input(run)).toEqual({ label: 'a' });
      expect(await tasks.get(run.id)).toMatchObject({ resumeOf: old.id, reuses: run.reuses });
      expect((await listed({ resumeOf: [old.id] }, 1)).map(({ id }) => id)).toEqual([run.id]);
      const ids = [old.id, run.id];
      const others = await listed({ ids, resumeOfNot: [old.id] }, 1);
      expect(others.map(({ id }) => id)).toEqual([old.id]);
      expect(await listed({ rerunOf: [old.id] }, 0)).toEqual([]);
      const { lines } = await tasks.logs(run.id);
      expect(lines[0]?.message).toBe(`Triggered by ann, goes on after run ${old.id}: begins anew`);
    });

    test('shows what it would be gone on from, which an open one does not', async () => {
      const run = await begun();
      expect(await tasks.checkpoint(run)).toBeNull();
      world.order(run.id, { type: 'fail', message: 'no' });
      expect(await tasks.checkpoint(await closed(run.id))).toEqual({
        calls: [{ id: 'obey#1', name: 'obey', kind: 'ACTIVITY', how: 'AGAIN', state: null }],
      });
    });

    test('is gone on from once for a key, which is no key of a trigger', async () => {
      const old = await failed();
      const key = `resume ${old.id}`;
      const [one, other] = await Promise.all([
        tasks.resume({ id: old.id, key }),
        tasks.resume({ id: old.id, key }),
      ]);
      expect(one.id).toBe(other.id);
      expect([one, other].filter(({ deduplicated }) => deduplicated)).toHaveLength(1);
      for (const conflict of [
        () => trigger({ key }),
        () => tasks.resume({ id: old.id, key, from: 'obey#1' }),
        () => tasks.resume({ id: old.id, key, input: { label: 'b' } }),
      ])
        await expect(conflict()).rejects.toMatchObject({ code: 'KEY_CONFLICT' });
    });

    test('is not gone on from with an input that does not fit, or from a call that was none', async () => {
      const { id } = await failed();
      await expect(tasks.resume({ id, input: {} })).rejects.toMatchObject({
        code: 'INVALID_INPUT',
        details: { issues: [{ path: ['label'] }] },
      });
      await expect(tasks.resume({ id, from: 'nothing#1' })).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
        details: { argument: 'from' },
      });
    });
  });

  test('a run that is open or has succeeded leaves nothing to resume', async () => {
    const { id } = await begun();
    const nothing = { code: 'NOTHING_TO_RESUME', details: { runId: id } };
    await expect(tasks.resume({ id })).rejects.toMatchObject(nothing);
    world.order(id, { type: 'succeed', output: 'ok' });
    const run = await closed(id);
    await expect(tasks.resume({ id })).rejects.toMatchObject(nothing);
    expect(await tasks.checkpoint(run)).toBeNull();
  });

  describe('a run that is not there', () => {
    test.each(['nobody', "'; DROP --"])('is told by every question (%s)', async (id) => {
      const missing = { code: 'TASK_RUN_NOT_FOUND' };
      await expect(tasks.get(id)).rejects.toMatchObject(missing);
      await expect(tasks.abort({ id })).rejects.toMatchObject(missing);
      await expect(tasks.terminate({ id })).rejects.toMatchObject(missing);
      await expect(tasks.delete(id)).rejects.toMatchObject(missing);
      await expect(tasks.rerun({ id })).rejects.toMatchObject(missing);
      await expect(tasks.resume({ id })).rejects.toMatchObject(missing);
      await expect(tasks.logs(id)).rejects.toMatchObject(missing);
      await expect(tasks.tail(id).next()).rejects.toMatchObject(missing);
      await expect(tasks.watch(id).next()).rejects.toMatchObject(missing);
    });

    test.each(['', 'a'.repeat(256), 'a\nb'])(
      'and cannot be there under such an id (%#)',
      async (id) => {
        const invalid = { code: 'INVALID_ARGUMENT' };
        await expect(tasks.get(id)).rejects.toMatchObject(invalid);
        await expect(tasks.abort({ id })).rejects.toMatchObject(invalid);
        await expect(tasks.delete(id)).rejects.toMatchObject(invalid);
      },
    );
  });

  describe('the log', () => {
    test('tells the life of a run and what its activities say, in order', async () => {
      const { id } = await begun();
      world.order(id, { type: 'log', message: 'one' });
      world.order(id, { type: 'log', message: 'two' });
      world.order(id, { type: 'succeed', output: null });
      await closed(id);
      const { lines, ended: end, hasMore } = await tasks.logs(id);
      const said = lines.map(({ step, message }) => [step, message]);
      expect(said[0]).toEqual([null, 'Triggered by ann']);
      expect(said.filter(([step, text]) => step !== null && text !== 'Started')).toEqual([
        ['obey', 'one'],
        ['obey', 'two'],
      ]);
      expect(said.at(-1)).toEqual([null, 'Done']);
      expect({ end, hasMore }).toEqual({ end: true, hasMore: false });
      const events = lines.map(({ event }) => event).filter((event) => event !== 'ATTEMPT_STARTED');
      expect(events).toEqual(['TRIGGERED', null, null, 'SUCCEEDED']);
    });

    test('is paged by cursors, without gap or repeat', async () => {
      const { id } = await begun();
      for (const message of ['one', 'two', 'three']) world.order(id, { type: 'log', message });
      world.order(id, { type: 'succeed', output: null });
      await closed(id);
      const { lines: whole } = await tasks.logs(id);
      const paged: string[] = [];
      for (let after: string | undefined, more = true; more;) {
        const page = await tasks.logs(id, { first: 2, after });
        paged.push(...page.lines.map(({ message }) => message));
        after = page.cursor;
        more = !page.ended;
      }
      expect(paged).toEqual(whole.map(({ message }) => message));
    });

    test('is filtered by level, activity and words', async () => {
      const { id } = await begun();
      world.order(id, { type: 'log', message: 'Page one' });
      world.order(id, { type: 'log', message: 'Paper jam' });
      world.order(id, { type: 'fail', message: 'No paper' });
      await closed(id);
      const messages = async (filter: object): Promise<readonly string[]> =>
        (await tasks.logs(id, { filter })).lines.map(({ message }) => message);
      expect(await messages({ search: 'PAPER', levels: ['INFO'] })).toEqual(['Paper jam']);
      expect(await messages({ search: 'page', steps: ['obey'] })).toEqual(['Page one']);
      expect(await messages({ steps: ['other'] })).toEqual([]);
    });

    test('is read from its end, and says how much there is and what a filter hides', async () => {
      const { id } = await begun();
      for (const message of ['one', 'two', 'three']) world.order(id, { type: 'log', message });
      await eventually(async () => {
        const { lines } = await tasks.logs(id, { last: 1 });
        expect(lines.map(({ message }) => message)).toEqual(['three']);
      });
      const end = await tasks.logs(id, { last: 2, filter: { search: 't' } });
      expect(end.lines.map(({ message }) => message)).toEqual(['two', 'three']);
      const whole = await tasks.logs(id);
      expect((end.total ?? 0) + (end.hidden ?? 0)).toBe(whole.lines.length);
      expect(whole).toMatchObject({ total: null, hidden: null });
      world.order(id, { type: 'succeed', output: null });
      await closed(id);
      const { lines: rest } = await tasks.logs(id, { after: end.cursor });
      expect(rest.map(({ message }) => message)).toEqual(['Done']);
      await expect(tasks.logs(id, { last: 0 })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    });

    test('is paged from its end backwards, each line once', async () => {
      const { id } = await begun();
      for (const message of ['one', 'two', 'three']) world.order(id, { type: 'log', message });
      world.order(id, { type: 'succeed', output: null });
      await closed(id);
      const whole = await tasks.logs(id);
      expect(whole).toMatchObject({ hasEarlier: false });
      expect(await tasks.logs(id, { after: whole.cursor })).toMatchObject({
        hasEarlier: true,
        lines: [],
      });
      const end = await tasks.logs(id, { last: 2 });
      const pages = [end];
      for (let page = end; page.hasEarlier; pages.unshift(page))
        page = await tasks.logs(id, { before: page.startCursor, last: 2 });
      expect(pages.flatMap(({ lines }) => lines)).toEqual(whole.lines);
      expect(pages.map(({ hasMore }) => hasMore)).toEqual([
        ...pages.slice(1).map(() => true),
        false,
      ]);
      expect(pages.map(({ ended }) => ended)).toEqual([...pages.slice(1).map(() => false), true]);
      const filter = { search: 'one' };
      expect(await tasks.logs(id, { before: end.startCursor, filter })).toMatchObject({
        lines: [{ message: 'one' }],
        total: 1,
        hasEarlier: false,
      });
      const both = { before: end.cursor, after: end.cursor };
      await expect(tasks.logs(id, both)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    });

    test('refuses a position that is not one of this run', async () => {
      const [one, other] = [await trigger(), await trigger()];
      const { cursor } = await tasks.logs(one.id);
      const invalid = { code: 'INVALID_CURSOR' };
      await expect(tasks.logs(other.id, { after: cursor })).rejects.toMatchObject(invalid);
      await expect(tasks.logs(one.id, { after: 'x' })).rejects.toMatchObject(invalid);
      await expect(tasks.logs(one.id, { before: cursor.slice(1) })).rejects.toMatchObject(invalid);
      await expect(tasks.tail(one.id, { after: 'x' }).next()).rejects.toMatchObject(invalid);
    });

    test.each([0, 1001, 1.5])('refuses a page of %d lines', async (first) => {
      const { id } = await trigger();
      await expect(tasks.logs(id, { first })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    });
  });

  describe('the timeline', () => {
    test('tells of a failed run its wait, its attempt and its end', async () => {
      const { id } = await ended({ type: 'fail', message: 'No paper' }, { name: 'Photos' });
      const { entries, hasEarlier, queuedMs } = await tasks.timeline(id);
      expect(hasEarlier).toBe(false);
      expect(queuedMs).toBeGreaterThanOrEqual(0);
      const [run, ...rest] = entries;
      const failure = { code: 'Refused', message: 'No paper' };
      expect(run).toMatchObject({ kind: 'RUN', name: 'Photos', by: 'ann', failure });
      expect(run).toMatchObject({ outcome: 'FAILED', endedAt: expect.any(Date) });
      expect(rest.find(({ kind, name }) => kind === 'QUEUED' && name === null)).toMatchObject({
        outcome: 'DONE',
        endedAt: expect.any(Date),
      });
      expect(rest.filter(({ kind }) => kind === 'ATTEMPT')).toMatchObject([
        { name: 'obey', attempt: 1, outcome: 'FAILED', failure, worker: expect.any(String) },
      ]);
    });

    test('tells of an open run what goes on', async () => {
      const { id } = await begun();
      await eventually(async () => {
        const { entries } = await tasks.timeline(id);
        expect(entries[0]).toMatchObject({ kind: 'RUN', endedAt: null, outcome: null });
        expect(entries.find(({ kind }) => kind === 'ATTEMPT')).toMatchObject({
          attempt: 1,
          endedAt: null,
          outcome: null,
          worker: expect.any(String),
        });
      });
    });

    test('tells by whom and why a run was aborted, and what came of it', async () => {
      const { id } = await begun();
      await tasks.abort({ id, reason: 'Wrong paper' });
      world.letStop(id);
      await closed(id);
      const { entries } = await tasks.timeline(id);
      const abort = entries.find(({ kind }) => kind === 'ABORT');
      expect(abort).toMatchObject({ by: 'ann', reason: 'Wrong paper', mode: 'GRACEFUL' });
      expect(abort).toMatchObject({ outcome: 'DONE', endedAt: expect.any(Date) });
      expect(entries[0]).toMatchObject({ kind: 'RUN', outcome: 'ABORTED' });
    });

    test('tells of an abort that a termination cut short, and of both by whom and why', async () => {
      const { id } = await begun();
      await world.as({ name: 'bob' }).abort({ id, reason: 'Wrong paper' });
      await tasks.terminate({ id, reason: 'Now' });
      const { entries } = await tasks.timeline(id);
      expect(entries.filter(({ kind }) => kind === 'ABORT')).toMatchObject([
        { id: 'abort', by: 'bob', reason: 'Wrong paper', mode: null, outcome: 'STOPPED' },
        { id: 'terminate', by: 'ann', reason: 'Now', mode: 'TERMINATED', outcome: 'DONE' },
      ]);
    });

    test('tells how long a delayed run waits', async () => {
      const run = await trigger({ delay: 1000 });
      const { entries } = await tasks.timeline(run.id);
      expect(entries.map(({ kind }) => kind)).toEqual(['RUN', 'DELAYED']);
      expect(entries[1]).toMatchObject({ dueAt: run.scheduledFor, endedAt: null });
    });

    test('is cut to the newest entries, after the run itself, and says so', async () => {
      const { id } = await succeeded();
      const { entries, hasEarlier } = await tasks.timeline(id, { last: 2 });
      expect(entries.map(({ kind }) => kind)).toEqual(['RUN', 'ATTEMPT']);
      expect(hasEarlier).toBe(true);
    });

    test.each([0, 1001, 1.5])('refuses %d entries', async (last) => {
      const { id } = await trigger();
      await expect(tasks.timeline(id, { last })).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
      });
    });

    test('is of a run that is there', async () => {
      await expect(tasks.timeline('nowhere')).rejects.toMatchObject({
        code: 'TASK_RUN_NOT_FOUND',
      });
    });
  });

  describe('a tail', () => {
    test('gives what was said, then what is said, then the end', async () => {
      const { id } = await begun();
      const tail = tasks.tail(id);
      expect(await tail.next()).toMatchObject({
        value: { type: 'LINE', line: { message: 'Triggered by ann' } },
      });
      world.order(id, { type: 'log', message: 'one' });
      world.order(id, { type: 'succeed', output: null });
      const rest = await collect(tail);
      expect(messagesOf(rest)).toContain('one');
      expect(rest.at(-1)).toMatchObject({ type: 'END', status: 'SUCCEEDED', dropped: 0 });
    });

    test('goes on from any of its cursors', async () => {
      const run = await succeeded();
      const whole = await collect(tasks.tail(run.id));
      for (const [index, { cursor }] of whole.slice(0, -1).entries()) {
        const rest = await collect(tasks.tail(run.id, { after: cursor }));
        expect(messagesOf(rest)).toEqual(messagesOf(whole.slice(index + 1)));
      }
    });

    test('ends when its reader stops or its signal fires', async () => {
      const { id } = await begun();
      const stop = new AbortController();
      const followed = collect(tasks.tail(id, { signal: stop.signal }));
      stop.abort();
      expect((await followed).every(({ type }) => type === 'LINE')).toBe(true);
      const tail = tasks.tail(id);
      await tail.next();
      await tail.return?.();
      expect(await tail.next()).toMatchObject({ done: true });
    });
  });

  test('a watch shows each change until the end', async () => {
    const { id } = await begun();
    const watch = tasks.watch(id);
    expect(await watch.next()).toMatchObject({ value: { id, status: 'RUNNING' } });
    world.order(id, { type: 'progress', done: 7 });
    const progressed = await eventually(async () => {
      const { value } = (await watch.next()) as IteratorYieldResult<TaskRun>;
      expect(value).toMatchObject({ progress: { done: 7 } });
      return value;
    });
    expect(progressed).toMatchObject({ status: 'RUNNING' });
    world.order(id, { type: 'succeed', output: null });
    const rest = await collect(watch);
    expect(rest.at(-1)).toMatchObject({ id, status: 'SUCCEEDED' });
  });

  describe('a list', () => {
    const tag = randomUUID();
    const mine = { tagsAny: [tag] };
    const ids: string[] = [];
    beforeAll(async () => {
      for (const letter of ['c', 'a', 'b', 'e', 'd']) {
        const run = await trigger({ name: `Run ${letter}`, tags: [tag] });
        ids.push(run.id);
      }
      await listed(mine, 5);
    });
    const names = async (orderBy: 'NAME' | 'NAME_DESCENDING' | 'OLDEST_FIRST' | 'NEWEST_FIRST') =>
      (await tasks.list({ filter: mine, orderBy })).runs.map(({ name }) => name.slice(4)).join('');

    test('is newest first, or in the order that was asked', async () => {
      expect((await tasks.list({ filter: mine })).runs.map(({ id }) => id)).toEqual(
        ids.toReversed(),
      );
      expect(await names('NEWEST_FIRST')).toBe('debac');
      expect(await names('OLDEST_FIRST')).toBe('cabed');
      expect(await names('NAME')).toBe('abcde');
      expect(await names('NAME_DESCENDING')).toBe('edcba');
    });

    test.each(['NEWEST_FIRST', 'NAME'] as const)(
      '%s: pages hold each run once',
      async (orderBy) => {
        const seen: string[] = [];
        for (let after: string | undefined, more = true; more;) {
          const page = await tasks.list({ filter: mine, orderBy, first: 2, after });
          seen.push(...page.runs.map(({ id }) => id));
          expect(page.cursors).toHaveLength(page.runs.length);
          after = page.endCursor ?? undefined;
          more = page.hasNextPage;
        }
        expect(seen.toSorted()).toEqual(ids.toSorted());
      },
    );

    test('refuses a cursor of another list, and one that nobody made', async () => {
      const { endCursor } = await tasks.list({ filter: mine, first: 2 });
      const after = endCursor ?? '';
      const invalid = { code: 'INVALID_CURSOR' };
      await expect(tasks.list({ after })).rejects.toMatchObject(invalid);
      await expect(tasks.list({ filter: mine, orderBy: 'NAME', after })).rejects.toMatchObject(
        invalid,
      );
      await expect(tasks.list({ filter: mine, after: 'x' })).rejects.toMatchObject(invalid);
      await expect(
        tasks.list({ filter: mine, after: `${after.slice(0, -2)}xx` }),
      ).rejects.toMatchObject(invalid);
    });

    test.each([0, 101, 2.5])('refuses a page of %d', async (first) => {
      await expect(tasks.list({ first })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    });

    test('counts what it holds', async () => {
      expect(await tasks.count(mine)).toBe(5);
      expect(await tasks.counts(mine)).toMatchObject({ total: 5, SUCCEEDED: 0, ABORTED: 0 });
    });

    test('asks of each run what only a predicate can tell', async () => {
      const where = { signature: 'vowel', test: ({ name }: TaskRun) => /[ae]$/.test(name) };
      const list = tasks.list({ filter: { ...mine, where } });
      if (world.lacks.has('predicates')) {
        await expect(list).rejects.toMatchObject({
          code: 'INVALID_FILTER',
          details: { argument: 'where' },
        });
        return;
      }
      const { runs, hasNextPage } = await list;
      expect(runs.map(({ name }) => name)).toEqual(['Run e', 'Run a']);
      expect(hasNextPage).toBe(false);
    });
  });

  describe('a filter', () => {
    const tag = randomUUID();
    let first: TaskRun;
    let second: TaskRun;
    let third: TaskRun;
    beforeAll(async () => {
      first = await succeeded({ name: 'Nightly import', tags: [tag, 'Red'] });
      second = await trigger({ name: 'nightly Export-2', tags: [tag], parent: { id: first.id } });
      const bob = world.as({ name: 'bob' });
      third = await bob.rerun({ id: first.id, name: 'Other', tags: [tag, 'blue'], delay: 3600 });
      await listed({ tagsAny: [tag] }, 3);
      await listed({ tagsAny: [tag], status: ['SUCCEEDED'] }, 1);
    });

    test.each<[string, () => TaskRunFilter, string]>([
      ['ids', () => ({ ids: [first.id, third.id] }), '13'],
      ['ids that are not', () => ({ idsNot: [first.id] }), '23'],
      ['definition', () => ({ definition: ['obeyOrders'] }), '123'],
      ['definition that is not', () => ({ definitionNot: ['obeyOrders'] }), ''],
      ['status', () => ({ status: ['SUCCEEDED'] }), '1'],
      ['delayed', () => ({ status: ['PENDING'], ids: [third.id] }), '3'],
      ['status that is not', () => ({ statusNot: ['SUCCEEDED'] }), '23'],
      ['any of some tags', () => ({ tagsAny: ['RED', 'blue'] }), '13'],
      ['all of some tags', () => ({ tagsAll: [tag, 'blue'] }), '3'],
      ['none of some tags', () => ({ tagsNone: ['red'] }), '23'],
      ['parent', () => ({ parent: [first.id] }), '2'],
      ['parent that is not', () => ({ parentNot: [first.id] }), '13'],
      ['top level', () => ({ topLevel: true }), '13'],
      ['not top level', () => ({ topLevel: false }), '2'],
      ['actor', () => ({ actor: ['bob'] }), '3'],
      ['actor that is not', () => ({ actorNot: ['bob'] }), '12'],
      ['name', () => ({ name: ['Nightly import', 'nightly'] }), '1'],
      ['name that is not', () => ({ nameNot: ['Nightly import'] }), '23'],
      ['start of the name', () => ({ namePrefix: 'Night' }), '12'],
      ['start of the name in another case', () => ({ namePrefix: 'nightly IMP' }), '1'],
      ['some letters', () => ({ search: 'n' }), '12'],
      ['the beginning of a word', () => ({ search: 'Impo' }), '1'],
      ['beginnings of words in any order and case', () => ({ search: 'EXP night' }), '2'],
      ['letters within a word', () => ({ search: 'port' }), ''],
      ['words of which one is not there', () => ({ search: 'nightly photos' }), ''],
      ['the start of an id', () => ({ search: third.id.slice(0, 30) }), '3'],
      ['the start of an id in another case', () => ({ search: third.id.toUpperCase() }), '3'],
      ['letters within an id', () => ({ search: third.id.slice(5) }), ''],
      ['a search for what no store can hold', () => ({ search: `"n' \\?` }), '12'],
      ['signs alone', () => ({ search: '--' }), ''],
      ['an empty search', () => ({ search: ' ' }), '123'],
      ['empty lists', () => ({ status: [], definitionNot: [], actor: [], tagsAll: [] }), '123'],
      ['rerun of', () => ({ rerunOf: [first.id] }), '3'],
      ['rerun of another', () => ({ rerunOfNot: [first.id] }), '12'],
      ['iterations', () => ({ iterationMin: 2 }), ''],
      ['created since', () => ({ createdAfter: second.createdAt }), '23'],
      ['created before', () => ({ createdBefore: second.createdAt }), '1'],
      ['scheduled', () => ({ scheduledAfter: new Date() }), '3'],
      ['scheduled before', () => ({ scheduledBefore: new Date() }), ''],
      ['finished', () => ({ finishedAfter: first.createdAt }), '1'],
      ['finished before', () => ({ finishedBefore: first.createdAt }), ''],
      ['first iterations', () => ({ iterationMax: 1 }), '123'],
    ])('by %s', async (_, filter, expected) => {
      const { tagsAny = [tag], ...fields } = filter();
      const { runs } = await tasks.list({
        filter: { ...fields, tagsAny, ids: fields.ids ?? [first.id, second.id, third.id] },
      });
      const numbers = [first, second, third].map(({ id }) => runs.some((run) => run.id === id));
      expect(numbers.map((is, index) => (is ? index + 1 : '')).join('')).toBe(expected);
    });

    test.each<[string, TaskRunFilter]>([
      ['a quote', { name: ["O'Brien"] }],
      ['a double quote', { tagsAny: ['a"b'] }],
      ['a backslash', { actor: ['a\\'] }],
      ['a control character', { parent: ['a\nb'] }],
      ['101 values', { ids: Array.from({ length: 101 }, (_, index) => `${index}`) }],
      ['a long search', { search: 'a'.repeat(201) }],
      ['a search for 21 words', { search: 'abcdefghijklmnopqrstu'.split('').join(' ') }],
      ['an invalid date', { createdAfter: new Date(Number.NaN) }],
      ['a broken number', { iterationMin: 1.5 }],
      ['an unknown status', { status: ['DONE' as 'PENDING'] }],
      ['an unknown field', { nam: ['a'] } as TaskRunFilter],
    ])('refuses %s', async (_, filter) => {
      await expect(tasks.list({ filter })).rejects.toMatchObject({ code: 'INVALID_FILTER' });
    });
  });

  test('a live list tells what enters, changes and leaves', async () => {
    const tag = randomUUID();
    const filter: TaskRunFilter = { tagsAny: [tag], status: ['PENDING', 'RUNNING'] };
    const { id } = await begun({ tags: [tag] });
    const list = tasks.watchList(filter);
    expect(await list.next()).toMatchObject({ value: { type: 'ENTERED', run: { id } } });
    world.order(id, { type: 'succeed', output: null });
    const left = await eventually(async () => {
      const { value } = (await list.next()) as { value: { type: string } };
      expect(value.type).toBe('LEFT');
      return value;
    });
    expect(left).toEqual({ type: 'LEFT', id });
    await list.return?.();
  });

  test('a deleted run is gone from lists at once', async () => {
    const tag = randomUUID();
    const [done, open] = [await succeeded({ tags: [tag] }), await begun({ tags: [tag] })];
    await listed({ tagsAny: [tag] }, 2);
    await tasks.delete(done.id);
    await tasks.delete(open.id);
    expect((await tasks.list({ filter: { tagsAny: [tag] } })).runs).toEqual([]);
  });

  test('workers are told', async () => {
    await eventually(async () =>
      expect(await tasks.workers()).toMatchObject([{ online: true, status: 'RUNNING' }]),
    );
  });

  test('settings are told, and changed within bounds', async () => {
    if (world.lacks.has('settings')) {
      expect(tasks.settings ?? tasks.updateSettings).toBeUndefined();
      return;
    }
    const settings = await tasks.settings?.();
    const { retentionDays = 0 } = settings ?? {};
    expect(await tasks.updateSettings?.({ retentionDays })).toEqual({ retentionDays });
    for (const wrong of [0, 366, 1.5])
      await expect(tasks.updateSettings?.({ retentionDays: wrong })).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
      });
  });

  // The last test: a run of a part of them leaves it out.
  test('asks for everything that there is to ask', () => {
    // A caller with rights has all operations, by rules that do not compile without one.
    const everything = Object.keys(world.home.as({ name: 'ann', grants: [] }));
    const away = world.lacks.has('settings') ? ['as', 'settings', 'updateSettings'] : ['as'];
    const operations = everything.filter((name) => !away.includes(name));
    expect(operations.filter((name) => !asked.operations.has(name))).toEqual([]);
    const fields = Object.keys(RUN_FILTER).filter((name) => name !== 'tenant' && name !== 'anyOf');
    expect(fields.filter((name) => !asked.filters.has(name))).toEqual([]);
  });
}

/** What was asked of some `Tasks`. */
class Asked {
  readonly operations = new Set<string>();
  readonly filters = new Set<string>();

  of(tasks: Service): Service {
    return new Proxy(tasks, {
      get: (inner, name) => {
        const value: unknown = Reflect.get(inner, name);
        if (typeof value !== 'function') return value;
        return (...args: readonly [{ readonly filter?: object }?]): unknown => {
          this.operations.add(String(name));
          for (const field of Object.keys(args[0]?.filter ?? {})) this.filters.add(field);
          return Reflect.apply(value, inner, args);
        };
      },
    });
  }
}

const nested = (levels: number): unknown =>
  Array.from({ length: levels }).reduce((inner) => [inner], null);
const messagesOf = (events: readonly LogEvent[]): readonly string[] =>
  events.flatMap((event) => (event.type === 'LINE' ? [event.line.message] : []));

async function collect<T>(items: AsyncIterable<T>): Promise<readonly T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
