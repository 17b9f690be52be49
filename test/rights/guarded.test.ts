import {
  array,
  assert,
  asyncProperty,
  constantFrom,
  integer,
  option,
  record,
  shuffledSubarray,
} from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RIGHTS } from '../../src/contract/caller.ts';
import type { Caller, Right } from '../../src/contract/caller.ts';
import { TaskError } from '../../src/contract/task-error.ts';
import type { TaskRun } from '../../src/contract/task-run.ts';
import type { Tasks } from '../../src/contract/tasks.ts';
import { withoutHiddenWords } from '../../src/rights/hidden.ts';
import { ROLES, may, toSubject } from '../../src/rights/rights.ts';
import { FakeTasks } from '../../src/testing/fake-tasks.ts';
import * as tasks from '../support/tasks/still-tasks.ts';

const DEFINITIONS = ['importPages', 'countWords'] as const;
const NAMES = ['ann', 'bob'];
const TENANTS = ['acme', 'beta', null] as const;

/** Runs of every definition, tenant and actor, closed and open. */
async function world() {
  const fake = new FakeTasks({ tasks });
  const runs: TaskRun[] = [];
  for (const tenant of TENANTS)
    for (const name of NAMES)
      for (const definition of DEFINITIONS) {
        const by = fake.as({ name, tenant });
        const trigger = { definition, input: { text: 'a b' } };
        const open = await by.trigger(trigger);
        const closed = await by.trigger(trigger);
        fake.start(closed.id);
        fake.log(closed.id, { message: 'A secret line' });
        fake.fail(closed.id, new Error('A secret message'));
        runs.push(open, closed);
      }
  return { fake, runs };
}

const grant = record({
  can: shuffledSubarray([...RIGHTS], { minLength: 1 }),
  definitions: option(
    array(constantFrom('importPages', 'countWords', 'import*', 'x*'), {
      minLength: 1,
      maxLength: 2,
    }),
    { nil: undefined },
  ),
  own: option(constantFrom(true), { nil: undefined }),
});
const caller = record({
  name: constantFrom(...NAMES, 'eve'),
  tenant: constantFrom(...TENANTS),
  grants: option(array(grant, { maxLength: 3 }), { nil: undefined }),
});

const codeOf = async (asking: Promise<unknown>): Promise<string> =>
  asking.then(
    () => 'DONE',
    (error: unknown) => (error instanceof TaskError ? error.code : String(error)),
  );

interface Verb {
  readonly right: Right;
  /** Of the run itself, another one. */
  readonly also?: Right;
  readonly ask: (own: Tasks, id: string) => Promise<unknown>;
}
/** What an operation on one run needs beside `read`. */
const VERBS: Record<string, Verb> = {
  get: { right: 'read', ask: (own, id) => own.get(id) },
  logs: { right: 'logs', ask: (own, id) => own.logs(id) },
  tail: { right: 'logs', ask: (own, id) => own.tail(id).next() },
  watch: { right: 'read', ask: (own, id) => own.watch(id).next() },
  abort: { right: 'abort', ask: (own, id) => own.abort({ id }) },
  terminate: { right: 'abort', ask: (own, id) => own.terminate({ id }) },
  rerun: { right: 'trigger', ask: (own, id) => own.rerun({ id }) },
  resume: { right: 'trigger', also: 'payloads', ask: (own, id) => own.resume({ id }) },
  delete: { right: 'delete', ask: (own, id) => own.delete(id) },
};
/** What makes a run of the caller's own. */
const STARTS: ReadonlySet<string> = new Set(['rerun', 'resume']);

describe('for any caller', () => {
  test('a verb does what the rights say, and what is hidden is not there', async () => {
    await assert(
      asyncProperty(
        caller,
        constantFrom(...Object.keys(VERBS)),
        integer({ min: 0, max: 23 }),
        async (who: Caller, verb, at) => {
          const { fake, runs } = await world();
          const run = runs[at];
          const { right, also = 'read', ask } = VERBS[verb] ?? VERBS['get']!;
          const own = fake.as(who);
          const subject = toSubject(run!);
          const before = JSON.stringify(await fake.get(run!.id));
          const told = await codeOf(ask(own, run!.id));
          // Rights come before what the run is.
          const code = told === 'NOTHING_TO_RESUME' ? 'DONE' : told;
          const again = { definition: subject.definition, triggeredBy: who.name };
          const isAllowed =
            may(who, right, STARTS.has(verb) ? again : subject) && may(who, also, subject);
          const expected = !may(who, 'read', subject)
            ? 'TASK_RUN_NOT_FOUND'
            : isAllowed
              ? 'DONE'
              : 'FORBIDDEN';
          expect(code).toBe(expected);
          if (code !== 'DONE') expect(JSON.stringify(await fake.get(run!.id))).toBe(before);
        },
      ),
      { numRuns: 3000 },
    );
  }, 120_000);

  test('lists, pages, counts and live lists hold what it may see, and nothing else', async () => {
    const { fake, runs } = await world();
    await assert(
      asyncProperty(
        caller,
        constantFrom(undefined, ...DEFINITIONS),
        async (who: Caller, definition) => {
          const own = fake.as(who);
          const filter = definition && { definition: [definition] };
          const visible = runs
            .filter((run) => may(who, 'read', toSubject(run)))
            .filter((run) => definition === undefined || run.definition === definition)
            .map(({ id }) => id);
          const listed: string[] = [];
          for (let after: string | undefined; ;) {
            const page = await own.list({ filter, first: 5, after });
            listed.push(...page.runs.map(({ id }) => id));
            if (!page.hasNextPage) break;
            after = page.endCursor ?? undefined;
          }
          expect(listed.toSorted()).toEqual(visible.toSorted());
          expect(await own.count(filter)).toBe(visible.length);
          expect((await own.counts(filter)).total).toBe(visible.length);
          const live = own.watchList(filter);
          const entered: string[] = [];
          for (let at = 0; at < visible.length; at++) {
            const { value } = await live.next();
            if (value?.type === 'ENTERED') entered.push(value.run.id);
          }
          await live.return?.();
          expect(entered.toSorted()).toEqual(visible.toSorted());
        },
      ),
      { numRuns: 1000 },
    );
  }, 120_000);

  test('what it may not see of a run is null, and named', async () => {
    const { fake, runs } = await world();
    await assert(
      asyncProperty(caller, integer({ min: 0, max: 23 }), async (who: Caller, at) => {
        const run = runs[at]!;
        const subject = toSubject(run);
        if (!may(who, 'read', subject)) return;
        const own = fake.as(who);
        const shown = await own.get(run.id);
        const outcome = await own.outcome(shown);
        const said = JSON.stringify([
          shown,
          outcome,
          await own.input(shown),
          await own.diagnose(shown),
        ]);
        const hidden = shown.hidden ?? [];
        expect(hidden.includes('MESSAGES')).toBe(!may(who, 'logs', subject));
        expect(hidden.includes('INPUT')).toBe(!may(who, 'payloads', subject));
        if (!may(who, 'logs', subject)) expect(said).not.toContain('secret');
        if (!may(who, 'payloads', subject)) expect(said).not.toContain('a b');
      }),
      { numRuns: 1000 },
    );
  }, 120_000);
});

/** What a caller is refused, or not shown. */
async function lacks(can: readonly Right[]): Promise<readonly string[]> {
  const { fake, runs } = await world();
  const own = fake.as({ name: 'ann', grants: [{ can }] });
  const { id = '' } = runs[0] ?? {};
  const hidden = await own.get(id).then(
    (run) => run.hidden ?? [],
    () => [],
  );
  const refused: string[] = [];
  for (const [verb, { ask }] of Object.entries(VERBS))
    if ((await codeOf(ask(own, id))) !== 'DONE') refused.push(verb);
  if ((await codeOf(own.updateSettings({ retentionDays: 30 }))) !== 'DONE')
    refused.push('updateSettings');
  return [...refused, ...hidden];
}

describe('each right', () => {
  test('together are everything', async () => {
    expect(await lacks(RIGHTS)).toEqual([]);
  });

  test.each(RIGHTS)('%s is missed where it is not given', async (right) => {
    expect(await lacks(RIGHTS.filter((one) => one !== right))).not.toEqual([]);
  });
});

describe('a caller with rights', () => {
  const viewer: Caller = { name: 'vic', tenant: 'acme', grants: [{ can: ROLES.viewer }] };

  test('sees runs of private definitions that its grants name, in lists as by id', async () => {
    const fake = new FakeTasks({ tasks });
    const { id } = await fake.trigger({ definition: 'importSecrets', input: { text: 'a' } });
    const own = fake.as({
      name: 'vic',
      publicOnly: true,
      grants: [{ can: ROLES.viewer, definitions: ['import*'] }],
    });
    await expect(own.get(id)).resolves.toMatchObject({ id });
    await expect(own.list()).resolves.toMatchObject({ runs: [{ id }] });
    expect(own.definitions().map(({ id }) => id)).toEqual(['importPages']);
  });

  test('of its own runs alone knows of what it can make them', async () => {
    const fake = new FakeTasks({ tasks });
    const own = fake.as({ ...viewer, grants: [{ can: ROLES.operator, own: true }] });
    expect(own.definitions()).toEqual(fake.definitions());
    const watching = fake.as({ ...viewer, grants: [{ can: ROLES.viewer, own: true }] });
    const trigger = { definition: 'countWords', input: { text: 'a' } } as const;
    await expect(watching.trigger(trigger)).rejects.toMatchObject({ code: 'FORBIDDEN' });
    await expect(
      watching.trigger({ definition: 'nothing', input: {} } as never),
    ).rejects.toMatchObject({ code: 'TASK_DEFINITION_NOT_FOUND' });
  });

  test('of one tenant has no right to what is of all', async () => {
    const own = new FakeTasks({ tasks }).as({ ...viewer, grants: [{ can: RIGHTS }] });
    expect((await own.me()).rights).toEqual(RIGHTS.filter((right) => right !== 'settings'));
    await expect(own.updateSettings({ retentionDays: 1 })).rejects.toMatchObject({
      code: 'FORBIDDEN',
    });
  });

  test('is told which workers are full if it operates them', async () => {
    const run = await new FakeTasks({ tasks }).trigger({
      definition: 'countWords',
      input: { text: 'a' },
    });
    const full = { code: 'WAITING_FOR_SLOT', message: '7@host', since: null, action: '' } as const;
    const told = (can: readonly Right[]) =>
      withoutHiddenWords({ name: 'ann', grants: [{ can }] }, run, full)?.message;
    expect(told(['read', 'logs', 'operate'])).toBe('7@host');
    expect(told(['read', 'logs'])).toBeNull();
  });

  test('cannot become another one', () => {
    const own = new FakeTasks({ tasks }).as(viewer);
    expect(() => own.as({ name: 'root' })).toThrow('cannot become another one');
  });

  test('is told of a foreign run, and of none, in the same bytes and with no call', async () => {
    const { fake, runs } = await world();
    const foreign = runs.find(({ id }) => id.startsWith('beta~'))!;
    const own = fake.as(viewer);
    const gets = fake.calls.get ?? 0;
    const told = async (id: string) => {
      const error: unknown = await own.get(id).catch((caught: unknown) => caught);
      const { message, code, details } = error as TaskError;
      return JSON.stringify({ message, code, details }).replaceAll(id, 'ID');
    };
    expect(await told(foreign.id)).toBe(await told('beta~nothing-1'));
    expect(fake.calls.get ?? 0).toBe(gets);
    expect(await told('acme~nothing-1')).toBe(await told(foreign.id));
  });

  test('meets a run of its own under the key of another tenant', async () => {
    const fake = new FakeTasks({ tasks });
    const trigger = { definition: 'countWords', input: { text: 'a' }, key: 'same' } as const;
    const one = await fake.as({ name: 'ann', tenant: 'acme' }).trigger(trigger);
    const other = await fake.as({ name: 'bob', tenant: 'beta' }).trigger(trigger);
    expect(other.deduplicated).toBe(false);
    expect([one.id, other.id]).toEqual([
      expect.stringMatching(/^acme~/),
      expect.stringMatching(/^beta~/),
    ]);
  });

  test('is not shown the hidden run that holds a key', async () => {
    const fake = new FakeTasks({ tasks });
    const trigger = { definition: 'countWords', input: { text: 'a' }, key: 'same' } as const;
    const first = await fake.as({ name: 'ann' }).trigger(trigger);
    const own = fake.as({ name: 'bob', grants: [{ can: ROLES.operator, own: true }] });
    for (const input of [{ text: 'a' }, { text: 'other' }]) {
      const error = await own.trigger({ ...trigger, input }).catch((caught: unknown) => caught);
      expect(error).toMatchObject({ code: 'KEY_CONFLICT' });
      expect(
        JSON.stringify([(error as TaskError).message, (error as TaskError).details]),
      ).not.toContain(first.id);
    }
  });

  test('widens nothing by a filter of its own', async () => {
    const { fake } = await world();
    const own = fake.as(viewer);
    const { runs } = await own.list({ filter: { tenant: 'beta', anyOf: [{ actor: ['bob'] }] } });
    expect(runs.map(({ id }) => id.split('~')[0])).toEqual(Array.from({ length: 8 }, () => 'acme'));
  });

  test('asks for a priority of its share only', async () => {
    const own = new FakeTasks({ tasks }).as({
      name: 'ann',
      tenant: 'acme',
      share: { priority: 3 },
    });
    const trigger = { definition: 'countWords', input: { text: 'a' } } as const;
    await expect(own.trigger({ ...trigger, priority: 1 })).rejects.toMatchObject({
      code: 'FORBIDDEN',
    });
    await expect(own.trigger({ ...trigger, priority: 4 })).resolves.toMatchObject({
      deduplicated: false,
    });
  });

  test('of a token for one run has no right of the whole installation', async () => {
    const { fake, runs } = await world();
    const [run] = runs;
    const own = fake.as({ name: 'ann', grants: [{ can: [...RIGHTS], runs: [run!.id] }] });
    await expect(own.get(run!.id)).resolves.toMatchObject({ id: run!.id });
    expect(own.definitions()).toEqual([]);
    for (const asking of [
      own.workers(),
      own.settings(),
      own.updateSettings({ retentionDays: 1 }),
      own.rerun({ id: run!.id }),
      own.resume({ id: run!.id }),
    ])
      await expect(asking).rejects.toMatchObject({ code: 'FORBIDDEN' });
    expect(fake.calls.updateSettings).toBeUndefined();
  });

  test('of a token for one trigger makes one run, with the input that the token fixes', async () => {
    const fake = new FakeTasks({ tasks });
    const own = fake.as({
      name: 'ann',
      grants: [{ can: ['trigger'], definitions: ['countWords'] }],
      bound: { input: { text: 'fixed' }, key: 'token:1' },
    });
    const trigger = { definition: 'countWords', input: { text: 'fixed' } } as const;
    const [first, second] = [
      await own.trigger(trigger),
      await own.trigger({ ...trigger, input: {} as never }),
    ];
    expect(second).toMatchObject({ id: first.id, deduplicated: true });
    await expect(own.trigger({ ...trigger, input: { text: 'other' } })).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      details: { issues: [{ path: ['text'], code: 'fixed' }] },
    });
    for (const input of ['fixed', ['fixed'], 1])
      await expect(own.trigger({ ...trigger, input: input as never })).rejects.toMatchObject({
        code: 'INVALID_INPUT',
        details: { issues: [{ path: [], code: 'fixed' }] },
      });
    await expect(own.trigger({ ...trigger, key: 'mine' })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
    await expect(
      own.trigger({ definition: 'importPages', input: { text: 'a' } }),
    ).rejects.toMatchObject({
      code: 'TASK_DEFINITION_NOT_FOUND',
    });
    await expect(own.list()).resolves.toMatchObject({ runs: [] });
    await expect(own.get(first.id)).rejects.toMatchObject({ code: 'TASK_RUN_NOT_FOUND' });
  });
});
