// Every operation, by every kind of caller, over every transport and in both vocabularies, is what the tables of
// docs/callers.md say. What is expected here is read from that page, and from nothing of the code.
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newApiKey } from '../../src/login/api-keys.ts';
import { eventually } from '../support/whole.ts';
import { COOKIE, openHouse, socketOf, tenantNamed, TRANSPORTS } from './support.ts';
import type { Answer, House, Knock } from './support.ts';

const page = await readFile(
  fileURLToPath(new URL('../../docs/callers.md', import.meta.url)),
  'utf8',
);
const rows = (begins: string): readonly (readonly string[])[] =>
  page
    .slice(page.indexOf(`\n| ${begins} `))
    .split('\n\n', 1)[0]!
    .trim()
    .split('\n')
    .map((line) => line.split('|').slice(1, -1))
    .map((cells) => cells.map((cell) => cell.trim()));
const words = (cell = ''): readonly string[] =>
  [...cell.matchAll(/`(\w+)`/g)].map(([, one]) => one!);

/** Role → rights, by the page. */
const [[, , ...roleNames] = [], , ...rightRows] = rows('right');
const ROLES = new Map(
  roleNames.map((cell, at) => [
    words(cell)[0] ?? '',
    rightRows.filter((row) => row[at + 2] === 'x').flatMap(([name]) => words(name)),
  ]),
);
/** Operation → rights that it asks for, by the page. */
const [, , ...operationRows] = rows('in code');
const ASKS = new Map(
  operationRows.flatMap(([code, , , rights]) => words(code).map((one) => [one, words(rights)])),
);

const acme = tenantNamed('acme');
const beta = tenantNamed('beta');
const REPO = 'repo:acme/shop:ref:refs/heads/main';

/** What a caller may, in the words of the page. */
interface Who {
  /** As it is shown. */
  readonly name: string;
  readonly rights: readonly string[];
  readonly only?: (of: { readonly definition: string; readonly triggeredBy: string }) => boolean;
}
const role = (name: string): readonly string[] => ROLES.get(name) ?? [];
const OWN = ['read', 'payloads', 'logs', 'trigger', 'abort'];
const WHO: Readonly<Record<string, Who>> = {
  watcher: { name: 'key wat', rights: role('watcher') },
  viewer: { name: 'vic', rights: role('viewer') },
  operator: { name: 'key ci', rights: role('operator') },
  admin: { name: 'adm', rights: role('admin') },
  'one of some definitions': {
    name: 'repo%3A.acme/shop%3A.ref%3A.refs/heads/main',
    rights: ['read', 'payloads', 'logs', 'trigger'],
    only: ({ definition }) => definition.startsWith('walk'),
  },
  'one of its own runs': {
    name: 'key own',
    rights: OWN,
    only: ({ triggeredBy }) => triggeredBy === 'key own',
  },
};
const SOMEBODY = 'somebody';
/** How many of the first runs each of them sees. */
const SEES: Readonly<Record<string, number>> = {
  watcher: 9,
  viewer: 9,
  operator: 9,
  admin: 9,
  'one of some definitions': 2,
  'one of its own runs': 1,
};

const keys = new Map(['wat', 'ci', 'own', 'bob', 'root'].map((id) => [id, newApiKey(id)]));
const hashes = (id: string): readonly string[] => [keys.get(id)!.hash];
const FILE = {
  tenants: { claim: 'tenant' },
  roles: {
    importer: { can: ['read', 'payloads', 'logs', 'trigger'], definitions: ['walk*'] },
    own: { can: OWN, own: true },
  },
  bindings: [
    { claim: 'groups', has: 'viewers', roles: ['viewer'] },
    { subject: REPO, tenant: acme, roles: ['importer'] },
    { subject: 'adm', tenant: acme, roles: ['admin'] },
  ],
  keys: [
    { id: 'wat', hashes: hashes('wat'), tenant: acme, roles: ['watcher'] },
    { id: 'ci', hashes: hashes('ci'), tenant: acme, roles: ['operator'] },
    { id: 'own', hashes: hashes('own'), tenant: acme, roles: ['own'] },
    { id: 'bob', hashes: hashes('bob'), tenant: beta, roles: ['operator'] },
    { id: 'root', hashes: hashes('root'), tenant: '*', roles: ['admin'] },
  ],
};
const CLIENTS = { vic: { tenant: acme, groups: ['viewers'] }, [REPO]: { repository: 'acme/shop' } };

let house: House;
let knocks: Readonly<Record<string, Knock>>;
let bob: Knock;
let root: Knock;

beforeAll(async () => {
  house = await openHouse(FILE, CLIENTS);
  const bearer = (token: string): Knock => ({
    address: house.address,
    headers: { authorization: `Bearer ${token}` },
  });
  const key = (id: string): Knock => bearer(keys.get(id)!.key);
  bob = key('bob');
  root = key('root');
  knocks = {
    watcher: key('wat'),
    viewer: bearer(await house.provider.accessToken('vic')),
    operator: key('ci'),
    admin: { address: house.proxy, headers: { cookie: `${COOKIE}adm` } },
    'one of some definitions': bearer(await house.provider.accessToken(REPO)),
    'one of its own runs': key('own'),
  };
  await Promise.all([openRuns(), closedRuns()]);
});
afterAll(() => house.close());

/** A run that is asked for. */
interface Target {
  readonly id: string;
  readonly definition: string;
  readonly triggeredBy: string;
  /** Whether it is of the callers' tenant, and there. */
  readonly isThere: boolean;
}
const NAP = { definition: 'takeNap', input: { ms: 3_600_000 } } as const;
const trigger = async (by: string, tenant: string, what: typeof NAP | object = NAP) => {
  const { id, definition } = await house.service
    .as({ name: by, tenant })
    .trigger(what as typeof NAP);
  return { id, definition, triggeredBy: by, isThere: tenant === acme };
};
/** By what they are to the caller; `mine` is one for each. */
const targets = new Map<string, (who: Who) => Target>();

async function openRuns(): Promise<void> {
  const mine = new Map<string, Target>();
  for (const { name } of Object.values(WHO)) mine.set(name, await trigger(name, acme));
  targets.set('its own run', ({ name }) => mine.get(name)!);
  const others = await trigger(SOMEBODY, acme);
  targets.set('a run of somebody', () => others);
  const foreign = await trigger(SOMEBODY, beta);
  targets.set('a run of another tenant', () => foreign);
  const none = { ...others, isThere: false };
  targets.set('no run', () => ({ ...none, id: `${acme}~takeNap-${randomUUID()}` }));
  targets.set('no run of another tenant', () => ({
    ...none,
    id: `${beta}~takeNap-${randomUUID()}`,
  }));
}
async function closedRuns(): Promise<void> {
  const done = await trigger(SOMEBODY, acme, { definition: 'walkSteps', input: { steps: 1 } });
  const failed = await trigger(SOMEBODY, acme, { definition: 'walkThen', input: { next: 'fail' } });
  for (const { id } of [done, failed])
    await eventually(async () => {
      const { finishedAt } = await house.service.get(id);
      expect(finishedAt).not.toBeNull();
    });
  targets.set('a run that has succeeded', () => done);
  targets.set('a run that has failed', () => failed);
}

const holds = ({ rights, only }: Who, right: string, of?: Target): boolean =>
  rights.includes(right) && (!of || !only || only(of));

type Verdict = 'done' | 'not there' | 'refused' | 'hidden';
/** What comes of an operation of the page that is asked of a run. */
function expected(operation: string, who: Who, target: Target): Verdict {
  const asks = ASKS.get(operation) ?? [];
  if (!target.isThere || !holds(who, 'read', target)) return 'not there';
  const others = asks.filter((right) => right !== 'read');
  // What is triggered is the caller's own, whoever triggered the one before.
  const own = { ...target, triggeredBy: who.name };
  if (others.every((right) => holds(who, right, right === 'trigger' ? own : target))) return 'done';
  return FIELDS.has(operation) ? 'hidden' : 'refused';
}
const FIELDS = new Set(['input', 'outcome', 'checkpoint']);

interface Operation {
  /** Of the page. */
  readonly asks: string;
  readonly query: string;
  /** A field that is null when this is in `hidden`. */
  readonly hides?: readonly [field: string, as: string];
  /** It changes what it is asked of. */
  readonly changes?: true;
  /** It has one transport, or two. */
  readonly over?: readonly (keyof typeof TRANSPORTS)[];
  /** A lack of rights hides a field instead of refusing. */
  readonly isField?: true;
}
const LIVE = ['a socket', 'a stream'] as const;
const ofRun = (fields: string): string =>
  `query ($id: ID!) { taskRun(id: $id) { ${fields} hidden } }`;
const mutation = (field: string): string =>
  `mutation ($id: ID!) { ${field}(id: $id) { __typename } }`;
const compat = (kind: 'query' | 'mutation', field: string): string =>
  `${kind} ($id: ID!) { backgroundTasks { ${field} } }`;
const OPERATIONS: Readonly<Record<string, Operation>> = {
  taskRun: { asks: 'get', query: ofRun('id status name') },
  'taskRun.diagnosis': { asks: 'diagnose', query: ofRun('diagnosis { code }') },
  'taskRun.timeline': { asks: 'timeline', query: ofRun('timeline { entries { kind } }') },
  'taskRun.input': { asks: 'input', query: ofRun('input'), hides: ['input', 'INPUT'] },
  'taskRun.output': { asks: 'outcome', query: ofRun('output'), hides: ['output', 'OUTPUT'] },
  'taskRun.checkpoint': {
    asks: 'checkpoint',
    query: ofRun('checkpoint { how }'),
    hides: ['checkpoint', 'INPUT'],
  },
  'taskRun.log': {
    asks: 'logs',
    query: ofRun('log { lines { message } }'),
    hides: ['log', 'LOG'],
    isField: true,
  },
  'taskRun, live': {
    asks: 'watch',
    query: 'subscription ($id: ID!) { taskRun(id: $id) { id status } }',
    over: LIVE,
  },
  taskRunLog: {
    asks: 'tail',
    query: 'subscription ($id: ID!) { taskRunLog(id: $id) { __typename } }',
    over: LIVE,
  },
  abortTaskRun: { asks: 'abort', query: mutation('abortTaskRun'), changes: true },
  terminateTaskRun: { asks: 'terminate', query: mutation('terminateTaskRun'), changes: true },
  rerunTaskRun: { asks: 'rerun', query: mutation('rerunTaskRun'), changes: true },
  resumeTaskRun: { asks: 'resume', query: mutation('resumeTaskRun'), changes: true },
  deleteTaskRun: { asks: 'delete', query: mutation('deleteTaskRun'), changes: true },
  'backgroundTasks.getTask': {
    asks: 'get',
    query: compat('query', 'getTask(id: $id) { data { id } error { code message } }'),
  },
  'backgroundTasks.listLogs': {
    asks: 'logs',
    query:
      'query ($id: String) { backgroundTasks { listLogs(where: { task: $id }) { data { items { message } } error { code } } } }',
  },
  'backgroundTasks.abortTask': {
    asks: 'abort',
    query: compat('mutation', 'abortTask(id: $id) { data { id } error { code message } }'),
    changes: true,
  },
  'backgroundTasks.deleteTask': {
    asks: 'delete',
    query: compat('mutation', 'deleteTask(id: $id) { data error { code message } }'),
    changes: true,
  },
};

const WORDS: Readonly<Record<string, Verdict>> = {
  TaskRunNotFound: 'not there',
  TaskDefinitionNotFound: 'not there',
  TASK_RUN_NOT_FOUND: 'not there',
  TASK_DEFINITION_ERROR: 'not there',
  NOT_FOUND: 'not there',
  Forbidden: 'refused',
  FORBIDDEN: 'refused',
  SECURITY_NOT_AUTHORIZED: 'refused',
};
/** What an answer says came of the operation. */
function verdictOf({ text, body }: Answer, hides?: Operation['hides']): string {
  const [error] = body.errors ?? [];
  if (error) return WORDS[error.extensions.code] ?? text;
  const [root] = Object.values<any>(body.data);
  const value = 'backgroundTasks' in body.data ? Object.values<any>(root)[0] : root;
  if (value === null) return 'not there';
  if (value.error) return WORDS[value.error.code] ?? text;
  if ('data' in value && (value.data === null || value.data.length === 0)) return 'not there';
  if (hides && value.hidden.includes(hides[1]))
    return value[hides[0]] === null ? 'hidden' : `${text}, although it is hidden`;
  return WORDS[value.__typename] ?? 'done';
}

const WRITES = [
  'StartWorkflowExecution',
  'RequestCancelWorkflowExecution',
  'TerminateWorkflowExecution',
  'DeleteWorkflowExecution',
  'SignalWorkflowExecution',
];

test('the page has every role, right and operation', () => {
  expect([...ROLES].map(([name, rights]) => [name, rights.length])).toEqual([
    ['watcher', 1],
    ['viewer', 4],
    ['operator', 6],
    ['admin', 8],
  ]);
  const asked = new Set(Object.values(OPERATIONS).map(({ asks }) => asks));
  const elsewhere = ['list', 'count', 'counts', 'watchList', 'trigger', 'definitions', 'workers'];
  elsewhere.push('me', 'server', 'settings', 'updateSettings', 'as');
  expect([...ASKS.keys()].toSorted()).toEqual([...asked, ...elsewhere].toSorted());
  expect([...ASKS.keys()].toSorted()).toEqual(
    Object.keys(house.service.as({ name: 'x', tenant: acme, grants: [] })).toSorted(),
  );
});

/** The runs of the tenant that there are before anything is changed. */
const firstRuns = (): readonly Target[] =>
  Object.values(WHO)
    .flatMap((who) => [...targets.values()].map((of) => of(who)))
    .filter(
      ({ isThere }, at, all) => isThere && all.findIndex(({ id }) => id === all[at]!.id) === at,
    );
const idsOf = (runs: readonly { readonly id: string }[]): readonly string[] =>
  runs.map(({ id }) => id).toSorted();

const LISTS = `query ($filter: TaskRunFilter) {
  taskRuns(filter: $filter, first: 100) { totalCount nodes { id } }
  taskRunCounts(filter: $filter) { total }
}`;
const COMPAT_LISTS =
  '{ backgroundTasks { listTasks { data { id } meta { totalCount } error { code } } listLogs(where: {}) { data { id } error { code } } } }';

describe.each(Object.entries(WHO))('lists of %s', (kind, who) => {
  const visible = (): readonly Target[] => firstRuns().filter((run) => holds(who, 'read', run));

  test.each(Object.entries(TRANSPORTS))('are exact over %s', async (_, ask) => {
    expect(visible()).toHaveLength(SEES[kind]!);
    const knock = knocks[kind]!;
    for (const [filter, fits] of [
      [{}, () => true],
      [{ definition: { in: ['takeNap'] } }, ({ definition }) => definition === 'takeNap'],
      [{ status: { in: ['FAILED'] } }, ({ definition }) => definition === 'walkThen'],
      [{ triggeredBy: { in: [SOMEBODY] } }, ({ triggeredBy }) => triggeredBy === SOMEBODY],
      [{ id: { in: idsOf(firstRuns()) } }, () => true],
    ] as const satisfies readonly (readonly [object, (run: Target) => boolean])[]) {
      const wanted = visible().filter(fits);
      await eventually(async () => {
        const { body } = await ask(knock, LISTS, { filter });
        expect(idsOf(body.data.taskRuns.nodes)).toEqual(idsOf(wanted));
        expect(body.data.taskRuns.totalCount).toBe(wanted.length);
        expect(body.data.taskRunCounts.total).toBe(wanted.length);
      });
    }
    const { body } = await ask(knock, COMPAT_LISTS);
    const { listTasks, listLogs } = body.data.backgroundTasks;
    expect(idsOf(listTasks.data)).toEqual(idsOf(visible()));
    expect(listTasks.meta.totalCount).toBe(visible().length);
    if (holds(who, 'logs')) {
      expect(listLogs.data.map(({ id }: any) => id.replace(/#1$/, '')).toSorted()).toEqual(
        idsOf(visible()),
      );
    } else expect(listLogs).toEqual({ data: null, error: { code: 'SECURITY_NOT_AUTHORIZED' } });
  });

  test('are as exact live', async () => {
    const { address, headers } = knocks[kind]!;
    const client = await socketOf({ address, headers });
    client.send({ type: 'subscribe', id: '1', payload: { query: LIVE_LIST } });
    const entered: string[] = [];
    while (entered.length < visible().length) {
      const { payload } = await client.next();
      entered.push(payload.data.taskRuns.run.id);
    }
    expect(entered.toSorted()).toEqual(idsOf(visible()));
    // Of what it may not see nothing comes, not even when something does that it may.
    const unseen = [await trigger(SOMEBODY, beta)];
    if (!holds(who, 'read', { ...unseen[0]!, isThere: true }))
      unseen.push(await trigger('x', acme));
    const seen = await trigger(who.name, acme, { definition: 'walkSteps', input: { steps: 1 } });
    const others = new Set<string>();
    while (!others.has(seen.id)) {
      const { run } = (await client.next()).payload.data.taskRuns;
      others.add(run.id);
    }
    expect([...others].filter((id) => !entered.includes(id))).toEqual([seen.id]);
    client.socket.close();
    for (const { id } of [...unseen, seen]) await house.service.delete(id);
    await eventually(async () => {
      expect(await house.service.as({ name: 'x', tenant: acme }).count()).toBe(9);
    });
  });
});

const LIVE_LIST =
  'subscription { taskRuns { ... on TaskRunEntered { run { id } } ... on TaskRunChanged { run { id } } } }';

/** What each of them may do with definitions, by the page. */
const CATALOGUE = ['walkSteps', 'takeNap'];
const definitionVerdict = (who: Who, definition: string): Verdict => {
  const own = { id: '', definition, triggeredBy: who.name, isThere: true };
  if (holds(who, 'trigger', own)) return 'done';
  return holds(who, 'read', own) ? 'refused' : 'not there';
};

describe.each(Object.entries(WHO))('the catalogue of %s', (kind, who) => {
  test.each(Object.entries(TRANSPORTS))('over %s', async (_, ask) => {
    const knock = knocks[kind]!;
    const ids = house.service
      .as({ name: 'x', publicOnly: true })
      .definitions()
      .map(({ id }) => id);
    const known = ids.filter((id) => definitionVerdict(who, id) !== 'not there');
    const { body } = await ask(
      knock,
      '{ taskDefinitions { id } backgroundTasks { listDefinitions { data { id } } } }',
    );
    expect(idsOf(body.data.taskDefinitions)).toEqual(known.toSorted());
    expect(idsOf(body.data.backgroundTasks.listDefinitions.data)).toEqual(known.toSorted());
    for (const id of [...CATALOGUE, 'noSuchTask', 'privateTask']) {
      const input = id === 'takeNap' ? { ms: 1 } : { steps: 1 };
      const verdict = ids.includes(id) ? definitionVerdict(who, id) : 'not there';
      const { result, made } = await house.calls.during(() =>
        ask(
          knock,
          'mutation ($id: ID!, $input: JSON) { triggerTask(definition: $id, input: $input) { __typename } }',
          { id, input },
        ),
      );
      expect(`${id}: ${verdictOf(result)}`).toBe(`${id}: ${verdict}`);
      expect(made).toEqual(verdict === 'done' ? { StartWorkflowExecution: 1 } : {});
      if (!CATALOGUE.includes(id)) continue;
      const answer = await ask(
        knock,
        `mutation ($input: JSON) { backgroundTasks { triggerTask(definition: ${id}, input: $input) { data { id } error { code } } } }`,
        { input },
      );
      expect(`${id}: ${verdictOf(answer)}`).toBe(`${id}: ${verdict}`);
    }
  });

  test('a parent must be one that it sees', async () => {
    for (const [what, of] of targets) {
      const target = of(who);
      const { result, made } = await house.calls.during(() =>
        TRANSPORTS.HTTP(
          knocks[kind]!,
          'mutation ($id: ID!) { triggerTask(definition: "walkSteps", input: { steps: 1 }, options: { parent: $id }) { __typename } }',
          { id: target.id },
        ),
      );
      const isSeen = target.isThere && holds(who, 'read', target);
      const allowed = definitionVerdict(who, 'walkSteps');
      const verdict = allowed === 'done' && !isSeen ? 'not there' : allowed;
      expect(`${what}: ${verdictOf(result)}`).toBe(`${what}: ${verdict}`);
      if (verdict !== 'done') expect(made).not.toHaveProperty('StartWorkflowExecution');
    }
  });

  test('workers and settings', async () => {
    const knock = knocks[kind]!;
    for (const [query, right] of [
      ['{ workers { id } }', 'operate'],
      ['{ backgroundTasks { getSettings { data { retentionDays } error { code } } } }', 'read'],
    ] as const) {
      const answer = await TRANSPORTS.HTTP(knock, query);
      expect(verdictOf(answer)).toBe(holds(who, right) ? 'done' : 'refused');
    }
    const { result, made } = await house.calls.during(() => TRANSPORTS.HTTP(knock, KEEP));
    // It is in one tenant.
    expect(verdictOf(result)).toBe('refused');
    expect(made).toEqual({});
  });
});
const KEEP =
  'mutation { backgroundTasks { updateSettings(input: { retentionDays: 3 }) { data { retentionDays } error { code } } } }';

describe('of another tenant', () => {
  test('every filter finds nothing', async () => {
    const own = house.service.as({ name: SOMEBODY, tenant: acme });
    const parent = targets.get('a run of somebody')!(WHO['watcher']!);
    const child = await own.trigger({
      ...NAP,
      parent: { id: parent.id },
      name: 'A name of acme',
      tags: ['acme-tag'],
    });
    const again = await own.rerun({ id: child.id });
    await eventually(async () => {
      expect(await own.count({ ids: [child.id, again.id] })).toBe(2);
    });
    for (const filter of [
      { id: { in: [child.id] } },
      { parent: { in: [parent.id] } },
      { rerunOf: { in: [child.id] } },
      { name: { in: ['A name of acme'] } },
      { tags: { any: ['acme-tag'] } },
      { search: 'name' },
      { search: child.id },
    ])
      expect((await TRANSPORTS.HTTP(bob, LISTS, { filter })).body.data).toEqual({
        taskRuns: { totalCount: 0, nodes: [] },
        taskRunCounts: { total: 0 },
      });
    const { body } = await TRANSPORTS.HTTP(
      bob,
      'query ($id: ID) { backgroundTasks { listTasks(where: { id: $id }) { data { id } meta { totalCount } } } }',
      { id: child.id },
    );
    expect(body.data.backgroundTasks.listTasks).toEqual({ data: [], meta: { totalCount: 0 } });
    for (const { id } of [again, child]) await house.service.delete(id);
  });

  test('cursors are none', async () => {
    const { id } = targets.get('a run that has succeeded')!(WHO['viewer']!);
    const { body } = await TRANSPORTS.HTTP(
      knocks['viewer']!,
      `{ taskRuns(first: 1) { pageInfo { endCursor } } taskRun(id: "${id}") { log(first: 1) { cursor } } }`,
    );
    const list = body.data.taskRuns.pageInfo.endCursor;
    const refused = await TRANSPORTS.HTTP(
      bob,
      'query ($after: String) { taskRuns(after: $after) { nodes { id } } }',
      { after: list },
    );
    expect(refused.body.errors).toMatchObject([{ extensions: { code: 'INVALID_CURSOR' } }]);
    const own = await trigger(SOMEBODY, beta);
    const log = await TRANSPORTS.HTTP(
      bob,
      `query ($after: String) { taskRun(id: "${own.id}") { log(after: $after) { cursor } } }`,
      { after: body.data.taskRun.log.cursor },
    );
    expect(log.body.errors).toMatchObject([{ extensions: { code: 'INVALID_CURSOR' } }]);
  });

  test('a key is one of its own', async () => {
    const key = randomUUID();
    const ids = new Set<string>();
    for (const knock of [knocks['operator']!, bob]) {
      const { body } = await TRANSPORTS.HTTP(
        knock,
        `mutation { triggerTask(definition: "walkSteps", input: { steps: 1 }, options: { key: "${key}" }) { __typename ... on TaskRunTriggered { run { id tenant } } } }`,
      );
      expect(body.data.triggerTask.__typename).toBe('TaskRunTriggered');
      ids.add(body.data.triggerTask.run.id);
    }
    expect(ids.size).toBe(2);
  });

  test('a live list tells nothing while another tenant triggers 50 runs', async () => {
    const client = await socketOf(bob);
    const name = randomUUID();
    client.send({
      type: 'subscribe',
      id: '1',
      payload: {
        query: LIVE_LIST.replace('{ taskRuns', `{ taskRuns(filter: { name: { in: ["${name}"] } })`),
      },
    });
    const named = { ...NAP, name };
    const runs = await Promise.all(
      Array.from({ length: 50 }, () => trigger(SOMEBODY, acme, named)),
    );
    const own = await trigger(SOMEBODY, beta, named);
    expect((await client.next()).payload.data.taskRuns.run.id).toBe(own.id);
    client.socket.close();
    await Promise.all([...runs, own].map(({ id }) => house.service.delete(id)));
  });
});

describe('above tenants', () => {
  test('one sees all of them, or the one that one chooses', async () => {
    const both = [firstRuns()[0]!.id, targets.get('a run of another tenant')!(WHO['watcher']!).id];
    const seen = async (headers: object) => {
      const knock = { ...root, headers: { ...root.headers, ...headers } };
      const { body } = await TRANSPORTS.HTTP(
        knock,
        `{ ${both.map((id, at) => `r${at}: taskRun(id: "${id}") { id }`).join(' ')} }`,
      );
      return Object.values<any>(body.data).map((run) => run !== null);
    };
    expect(await seen({})).toEqual([true, true]);
    expect(await seen({ 'x-tenant': acme })).toEqual([true, false]);
    expect(await seen({ 'x-tenant': beta })).toEqual([false, true]);
  });

  test('one may change settings, and only without a choice', async () => {
    const { retentionDays } = await house.service.settings();
    // As it is: the server is shared.
    const same = KEEP.replace('retentionDays: 3', `retentionDays: ${retentionDays}`);
    expect(verdictOf(await TRANSPORTS.HTTP(root, same))).toBe('done');
    const chosen = { ...root, headers: { ...root.headers, 'x-tenant': acme } };
    expect(verdictOf(await TRANSPORTS.HTTP(chosen, KEEP))).toBe('refused');
  });
});

describe.each(Object.entries(WHO))('%s', (kind, who) => {
  test('is told who it is', async () => {
    for (const ask of Object.values(TRANSPORTS)) {
      const { body } = await ask(knocks[kind]!, '{ me { name tenant rights } server { webUi } }');
      expect(body.data.me).toEqual({
        name: who.name,
        tenant: acme,
        // Settings are nobody's of one tenant.
        rights: expect.toSatisfy((told: string[]) =>
          isSame(
            told,
            who.rights.filter((right) => right !== 'settings').map((one) => one.toUpperCase()),
          ),
        ),
      });
      expect(body.data.server.webUi !== null).toBe(holds(who, 'operate'));
    }
  });

  test.each(Object.entries(OPERATIONS))('%s', async (_, operation) => {
    const { asks, query, hides, changes, isField, over } = operation;
    const transports = over ?? (Object.keys(TRANSPORTS) as (keyof typeof TRANSPORTS)[]);
    const told: string[] = [];
    const wanted: string[] = [];
    const unseen = new Set<string>();
    for (const [what, of] of targets) {
      const known = of(who);
      const verdict = expected(asks, who, known);
      const answers = new Set<string>();
      for (const transport of transports) {
        // What it is done to is a run of its own.
        const isUsedUp = changes && verdict === 'done';
        const target = isUsedUp ? await twinOf(known) : known;
        const { result, made } = await house.calls.during(() =>
          TRANSPORTS[transport](knocks[kind]!, query, { id: target.id }),
        );
        told.push(`${what}: ${verdictOf(result, hides)}`);
        wanted.push(`${what}: ${isField && verdict === 'refused' ? 'hidden' : verdict}`);
        const bytes = result.text.replaceAll(target.id, 'ID');
        if (!isUsedUp) answers.add(bytes);
        if (verdict === 'not there') unseen.add(bytes);
        if (verdict !== 'done') expect(WRITES.filter((one) => one in made)).toEqual([]);
        // A live run of the row before may look once more in that moment; what this one makes, it makes each time.
        if (!target.id.startsWith(`${acme}~`) && Object.keys(made).length > 0) {
          const again = await house.calls.during(() =>
            TRANSPORTS[transport](knocks[kind]!, query, { id: target.id }),
          );
          expect(again.made).toEqual({});
        }
      }
      if (verdict !== 'done') expect([...answers]).toHaveLength(1);
    }
    expect(told).toEqual(wanted);
    for (const one of told) {
      const [, verdict = ''] = one.split(': ');
      tally.set(verdict, (tally.get(verdict) ?? 0) + 1);
    }
    // A run that is hidden, one of another tenant and none are told in the same bytes.
    expect([...unseen]).toHaveLength(1);
  });
});

test('every cell of the table was asked', () => {
  // 18 operations, 16 of them over three transports and 2 over two, of 7 runs each, by 6 callers.
  expect([...tally.values()].reduce((sum, count) => sum + count, 0)).toBe(52 * 7 * 6);
  // Three runs are nobody's; of the others one caller does not see two, and another three.
  expect(tally.get('not there')).toBe(52 * (6 * 3 + 2 + 3));
  expect(Object.fromEntries(tally)).toMatchObject({ done: 692, hidden: 48, refused: 248 });
});

const tally = new Map<string, number>();

const twinOf = ({ definition, triggeredBy }: Target): Promise<Target> =>
  trigger(
    triggeredBy,
    acme,
    definition === 'takeNap'
      ? NAP
      : { definition, input: definition === 'walkThen' ? { next: 'fail' } : { steps: 1 } },
  );
const isSame = (one: readonly string[], other: readonly string[]): boolean =>
  JSON.stringify(one.toSorted()) === JSON.stringify(other.toSorted());
