// Tokens that callers mint, over a real gateway: who mints what, and what a token shows.
import type { FastifyInstance } from 'fastify';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { newApiKey } from '../../src/login/api-keys.ts';
import { parseAuthFile } from '../../src/login/auth-file.ts';
import { AuthRules } from '../../src/login/auth-rules.ts';
import { Authenticator } from '../../src/login/authenticator.ts';
import { RunTokens } from '../../src/login/run-tokens.ts';
import { sessionOf } from '../../src/login/session.ts';
import { LOOPBACK, trustedPeers } from '../../src/login/trusted-peers.ts';
import type { FakeTasks } from '../../src/testing/fake-tasks.ts';
import { testGateway, type tasks } from './support/app.ts';

const keys = {
  ci: newApiKey('ci'),
  imp: newApiKey('imp'),
  tri: newApiKey('tri'),
  own: newApiKey('own'),
  bob: newApiKey('bob'),
};
const file = (more: object = {}) => ({
  tenants: {},
  roles: {
    watching: { can: ['read', 'trigger'], definitions: ['import*'] },
    triggering: { can: ['trigger'] },
    mine: { can: ['read', 'logs', 'payloads', 'trigger'], own: true },
  },
  keys: [
    { id: 'ci', hashes: [keys.ci.hash], tenant: 'acme', roles: ['operator'] },
    { id: 'imp', hashes: [keys.imp.hash], tenant: 'acme', roles: ['watching'] },
    { id: 'tri', hashes: [keys.tri.hash], tenant: 'acme', roles: ['triggering'] },
    { id: 'own', hashes: [keys.own.hash], tenant: 'acme', roles: ['mine'] },
    { id: 'bob', hashes: [keys.bob.hash], tenant: 'beta', roles: ['admin'] },
  ],
  bindings: [{ subject: 'pat', tenant: 'acme', roles: ['operator'] }],
  ...more,
});
const rulesOf = (said: object): AuthRules => new AuthRules(parseAuthFile(JSON.stringify(said)));
const secret = (kid: string, fill: number) => ({ kid, secret: new Uint8Array(32).fill(fill) });

let login: Authenticator;
let app: FastifyInstance;
let service: FakeTasks<typeof tasks>;
const tokens = new RunTokens([secret('a', 1)]);
const open = async (signing: RunTokens | null = tokens, verifying = signing) => {
  login = new Authenticator({
    rules: rulesOf(file()),
    tokens: verifying ?? undefined,
    proxy: { header: 'x-user', isTrusted: trustedPeers(LOOPBACK) },
  });
  ({ app, service } = await testGateway({
    authenticate: login.authenticate,
    tokens: signing ?? undefined,
  }));
};
beforeEach(() => open());
afterEach(() => app.close());

type Credential = string | { readonly 'x-user': string };
async function ask(by: Credential, query: string, variables?: object): Promise<any> {
  const reply = await app.inject({
    method: 'POST',
    url: '/graphql',
    headers: typeof by === 'string' ? { authorization: `Bearer ${by}` } : by,
    payload: { query, variables },
  });
  return reply.statusCode === 401 ? 401 : reply.json();
}
const MEMBERS = `__typename ... on TokenMinted { token id expiresAt }
  ... on Problem { code message } ... on TaskDefinitionNotFound { suggestions }`;
const mint = async (by: Credential, args: string): Promise<any> =>
  (await ask(by, `mutation { minted: mintRunToken(${args}) { ${MEMBERS} } }`)).data.minted;
const mintTrigger = async (by: Credential, args: string): Promise<any> =>
  (await ask(by, `mutation { minted: mintTriggerToken(${args}) { ${MEMBERS} } }`)).data.minted;
const trigger = (by: Credential, model: string, token = '', definition = 'importPages') =>
  ask(
    by,
    `mutation ($input: JSON) { triggerTask(definition: "${definition}", input: $input) {
      __typename
      ... on TaskRunTriggered { run { id status } ${token} }
      ... on TaskRunDeduplicated { run { id status } ${token} }
      ... on InvalidInput { issues { path code } }
      ... on Problem { code message } } }`,
    { input: { model, amount: 1 } },
  );
const runOf = async (by: Credential = keys.ci.key): Promise<string> => {
  const { data } = await trigger(by, 'page');
  service.start(data.triggerTask.run.id);
  return data.triggerTask.run.id;
};
const FOLLOW = `($id: ID!) { taskRun(id: $id) { id status hidden log { lines { message } } } }`;

describe('a run token', () => {
  test.each<[string, Credential]>([
    ['a key', keys.ci.key],
    ['whom a proxy names', { 'x-user': 'pat' }],
  ])('is minted by %s, and shows that run', async (_, by) => {
    const id = await runOf(by);
    service.log(id, { message: 'Imported' });
    const { token, ...minted } = await mint(by, `id: "${id}"`);
    expect(minted).toMatchObject({ __typename: 'TokenMinted', id: expect.any(String) });
    const life = Date.parse(minted.expiresAt) - Date.now();
    expect(life).toBeGreaterThan(890_000);
    expect(life).toBeLessThanOrEqual(900_000);
    const { data } = await ask(token, `query ${FOLLOW}`, { id });
    expect(data.taskRun).toMatchObject({
      id,
      status: 'RUNNING',
      hidden: ['INPUT', 'OUTPUT', 'WEB_UI'],
      log: { lines: expect.arrayContaining([{ message: 'Imported' }]) },
    });
    expect((await ask(token, '{ me { credential rights tenant } }')).data.me).toEqual({
      credential: 'RUN_TOKEN',
      rights: ['READ', 'LOGS'],
      tenant: 'acme',
    });
  });

  test('shows nothing else: other runs are not there, in the same bytes, and lists hold one', async () => {
    const [id, other] = [await runOf(), await runOf()];
    const { token } = await mint(keys.ci.key, `id: "${id}"`);
    const none = `${other.slice(0, -1)}x`;
    for (const query of [
      `query ${FOLLOW}`,
      'mutation ($id: ID!) { abortTaskRun(id: $id) { ... on Problem { code message } } }',
      'mutation ($id: ID!) { rerunTaskRun(id: $id) { ... on Problem { code message } } }',
      'mutation ($id: ID!) { deleteTaskRun(id: $id) { ... on Problem { code message } } }',
      'mutation ($id: ID!) { mintRunToken(id: $id) { ... on Problem { code message } } }',
    ]) {
      const told = async (of: string): Promise<string> =>
        JSON.stringify(await ask(token, query, { id: of })).replaceAll(of, 'ID');
      expect(await told(other)).toBe(await told(none));
    }
    const { data } = await ask(
      token,
      '{ taskRuns { totalCount nodes { id } } taskRunCounts { total } taskDefinitions { id } workers { id } }',
    );
    expect(data).toEqual({
      taskRuns: { totalCount: 1, nodes: [{ id }] },
      taskRunCounts: { total: 1 },
      taskDefinitions: [],
      workers: null,
    });
  });

  test('does nothing with its run but what it may', async () => {
    const id = await runOf();
    const { token } = await mint(keys.ci.key, `id: "${id}"`);
    for (const verb of ['abortTaskRun', 'terminateTaskRun', 'deleteTaskRun', 'rerunTaskRun']) {
      const { data } = await ask(
        token,
        `mutation { it: ${verb}(id: "${id}") { ... on Problem { code } } }`,
      );
      expect({ verb, code: data.it.code }).toEqual({ verb, code: 'FORBIDDEN' });
    }
    const { data } = await trigger(token, 'page');
    expect(data.triggerTask.code).toBe('TASK_DEFINITION_NOT_FOUND');
    expect(service.calls).not.toHaveProperty('abort');
    const minted = await mint(keys.ci.key, `id: "${id}", can: [READ, ABORT]`);
    const aborted = await ask(
      minted.token,
      `mutation { abortTaskRun(id: "${id}") { ... on TaskRunAborting { run { status } } } }`,
    );
    expect(aborted.data.abortTaskRun).toEqual({ run: { status: 'ABORTING' } });
  });

  test('whose run is deleted shows what is not there', async () => {
    const id = await runOf();
    const { token } = await mint(keys.ci.key, `id: "${id}"`);
    await service.delete(id);
    expect(await ask(token, `query ${FOLLOW}`, { id })).toEqual({ data: { taskRun: null } });
    expect(await ask(token, '{ taskRuns { totalCount } }')).toEqual({
      data: { taskRuns: { totalCount: 0 } },
    });
    expect((await mint(keys.ci.key, `id: "${id}"`)).code).toBe('TASK_RUN_NOT_FOUND');
  });

  test.each<[string, keyof typeof keys, string, object]>([
    ['a right that its minter lacks', 'imp', 'can: [READ, LOGS]', forbidden('logs')],
    ['a run of another tenant', 'bob', '', { code: 'TASK_RUN_NOT_FOUND' }],
    ['a run that is somebody else’s', 'own', '', { code: 'TASK_RUN_NOT_FOUND' }],
    ['no time', 'ci', 'expiresIn: 0', { code: 'INVALID_ARGUMENT' }],
    ['more than a day', 'ci', 'expiresIn: 86401', { code: 'INVALID_ARGUMENT' }],
    ['a right to trigger', 'ci', 'can: [READ, TRIGGER]', { code: 'INVALID_ARGUMENT' }],
    ['settings', 'ci', 'can: [READ, SETTINGS]', { code: 'INVALID_ARGUMENT' }],
    ['no right to read', 'ci', 'can: [LOGS]', { code: 'INVALID_ARGUMENT' }],
    ['nothing', 'ci', 'can: []', { code: 'INVALID_ARGUMENT' }],
  ])('is not minted for %s', async (_, by, args, problem) => {
    const id = await runOf();
    expect(await mint(keys[by].key, `id: "${id}", ${args}`)).toMatchObject(problem);
  });

  test('holds by default what its minter has of `read` and `logs`', async () => {
    const id = await runOf();
    const { token } = await mint(keys.imp.key, `id: "${id}"`);
    expect((await ask(token, '{ me { rights } }')).data.me).toEqual({ rights: ['READ'] });
  });

  test('mints none, and neither does whoever has not logged in', async () => {
    const id = await runOf();
    const { token } = await mint(keys.ci.key, `id: "${id}"`);
    expect(await mint(token, `id: "${id}"`)).toEqual({
      __typename: 'Forbidden',
      code: 'FORBIDDEN',
      message: 'Whoever came by a token mints no other.',
    });
    await app.close();
    ({ app, service } = await testGateway({
      authenticate: async () => sessionOf({ name: 'ann' }),
      tokens,
    }));
    expect(await mint(token, `id: "${await runOf('x')}"`)).toMatchObject({
      message: 'Only whoever has logged in mints tokens.',
    });
  });

  test('of an old secret is good until that is taken away', async () => {
    const id = await runOf();
    const { token } = await mint(keys.ci.key, `id: "${id}"`);
    for (const [secrets, known] of [
      [new RunTokens([secret('b', 2), secret('a', 1)]), true],
      [new RunTokens([secret('b', 2)]), false],
    ] as const) {
      await app.close();
      await open(secrets);
      const answer = await ask(token, '{ me { name } }');
      expect(answer).toEqual(known ? { data: { me: { name: 'key ci' } } } : 401);
    }
  });

  test('is taken back, and with it whoever minted it', async () => {
    const id = await runOf();
    for (const revoked of [(jti: string) => `token:${jti}`, () => 'key:ci']) {
      login.rules = rulesOf(file());
      const minted = await mint(keys.ci.key, `id: "${id}"`);
      expect(await ask(minted.token, '{ me { name } }')).toHaveProperty('data');
      login.rules = rulesOf(file({ revoked: [revoked(minted.id)] }));
      expect(await ask(minted.token, '{ me { name } }')).toBe(401);
    }
  });
});

describe('the token of a triggered run', () => {
  const TOKEN = 'token { token expiresAt }';

  test('comes when it is asked for, of a run that was found too', async () => {
    const minted: string[] = [];
    const spied = Object.assign(Object.create(tokens) as RunTokens, {
      mint: async (...asked: Parameters<RunTokens['mint']>) => {
        minted.push(asked[0].run ?? '');
        return await tokens.mint(...asked);
      },
    });
    await app.close();
    await open(spied, tokens);
    await trigger(keys.ci.key, 'page');
    expect(minted).toEqual([]);
    const keyed = `mutation {
      triggerImportPages(input: { model: "a", amount: 1 }, options: { key: "k" }) {
        __typename
        ... on TaskRunTriggered { run { id } ${TOKEN} }
        ... on TaskRunDeduplicated { run { id } ${TOKEN} }
      }
    }`;
    for (const type of ['TaskRunTriggered', 'TaskRunDeduplicated']) {
      const { data } = await ask(keys.ci.key, keyed);
      const { __typename, run, token } = data.triggerImportPages;
      expect(__typename).toBe(type);
      expect((await ask(token.token, `query ${FOLLOW}`, run)).data.taskRun.id).toBe(run.id);
    }
    expect(minted).toHaveLength(2);
  });

  test('is of the new run after a rerun', async () => {
    const id = await runOf();
    const { data } = await ask(
      keys.ci.key,
      `mutation { rerunTaskRun(id: "${id}") { ... on TaskRunTriggered { run { id } ${TOKEN} } } }`,
    );
    const { run, token } = data.rerunTaskRun;
    expect(run.id).not.toBe(id);
    expect((await ask(token.token, `query ${FOLLOW}`, run)).data.taskRun.id).toBe(run.id);
    expect((await ask(token.token, `query ${FOLLOW}`, { id })).data.taskRun).toBeNull();
  });

  test.each<[string, keyof typeof keys, string, string]>([
    ['a right that the caller lacks', 'imp', 'token(can: [READ, PAYLOADS]) { id }', '`payloads`'],
    ['a caller that may not read it', 'tri', TOKEN, '`read`'],
    ['more than a day', 'ci', 'token(expiresIn: 86401) { id }', '`expiresIn`'],
  ])('is null for %s, and says so; the run is there', async (_, by, field, reason) => {
    const { data, errors } = await trigger(keys[by].key, 'page', field);
    expect(data.triggerTask).toMatchObject({ __typename: 'TaskRunTriggered', token: null });
    expect(errors).toMatchObject([
      { path: ['triggerTask', 'token'], message: expect.stringContaining(reason) },
    ]);
  });

  test('is null without a secret to sign it, and says so', async () => {
    await app.close();
    await open(null);
    const { data, errors } = await trigger(keys.ci.key, 'page', TOKEN);
    expect(data.triggerTask).toMatchObject({ __typename: 'TaskRunTriggered', token: null });
    const message =
      'This gateway mints no tokens: it has no secret to sign them with (`WAYMARK_TOKEN_SECRETS`).';
    expect(errors).toMatchObject([{ message, extensions: { code: 'FORBIDDEN' } }]);
    const { id } = data.triggerTask.run;
    expect(await mint(keys.ci.key, `id: "${id}"`)).toMatchObject({ code: 'FORBIDDEN', message });
    expect(await mintTrigger(keys.ci.key, 'definition: "importPages"')).toMatchObject({ message });
  });
});

describe('a trigger token', () => {
  const FIXED = 'definition: "importPages", fixed: { model: "page" }';
  const TOKEN = 'token { token id }';

  /** Triggers by a token that somebody minted, and asks for the run's own. */
  const follow = async (by: string, field: string) =>
    await trigger((await mintTrigger(by, FIXED)).token, 'page', field);

  test('used twenty times at once is one run, which each of them goes on to follow', async () => {
    const { token } = await mintTrigger(keys.ci.key, FIXED);
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => trigger(token, 'page', TOKEN)),
    );
    const outcomes = answers.map(({ data }) => data.triggerTask);
    const [{ run }] = outcomes;
    expect(new Set(outcomes.map((one) => one.run.id))).toEqual(new Set([run.id]));
    expect(outcomes.filter(({ __typename }) => __typename === 'TaskRunTriggered')).toHaveLength(1);
    expect(run.id).toMatch(/^acme~/);
    for (const one of outcomes)
      expect((await ask(one.token.token, `query ${FOLLOW}`, run)).data.taskRun).toMatchObject({
        id: run.id,
        hidden: ['INPUT', 'OUTPUT', 'WEB_UI'],
      });
    // It shows nothing itself, not even its own run.
    expect((await ask(token, `query ${FOLLOW}`, run)).data.taskRun).toBeNull();
    expect((await ask(token, '{ taskRuns { totalCount } }')).data.taskRuns.totalCount).toBe(0);
    expect((await ask(token, '{ me { rights } }')).data.me.rights).toEqual(['TRIGGER']);
  });

  test('keeps to its definition, its fixed fields and its one input', async () => {
    const { token } = await mintTrigger(keys.ci.key, FIXED);
    const outcome = async (...asked: [string, string?, string?]) =>
      (await trigger(token, ...asked)).data.triggerTask;
    expect(await outcome('other')).toMatchObject({
      __typename: 'InvalidInput',
      issues: [{ path: ['model'], code: 'fixed' }],
    });
    expect(await outcome('page', '', 'testingRun')).toMatchObject({
      code: 'TASK_DEFINITION_NOT_FOUND',
    });
    expect((await outcome('page')).__typename).toBe('TaskRunTriggered');
    const { data } = await ask(
      token,
      'mutation { triggerImportPages(input: { model: "page", amount: 2 }) { __typename ... on KeyConflict { usedBy { id } } } }',
    );
    expect(data.triggerImportPages).toEqual({ __typename: 'KeyConflict', usedBy: null });
    for (const options of ['key: "k"', 'delay: 1', 'priority: 4', 'tags: ["a"]', 'parent: "a"']) {
      const answer = await ask(
        token,
        `mutation { triggerImportPages(input: { model: "page", amount: 1 }, options: { ${options} }) { ... on Problem { code } } }`,
      );
      expect(answer.data.triggerImportPages.code).toBe('INVALID_ARGUMENT');
    }
  });

  test('that is not for once makes a run each time', async () => {
    const { token } = await mintTrigger(keys.ci.key, `${FIXED}, once: false`);
    const outcomes = [await trigger(token, 'page'), await trigger(token, 'page')];
    expect(new Set(outcomes.map(({ data }) => data.triggerTask.run.id)).size).toBe(2);
  });

  test('follows its run only as far as its minter could', async () => {
    const { data } = await follow(keys.imp.key, TOKEN);
    const { me } = (await ask(data.triggerTask.token.token, '{ me { rights } }')).data;
    expect(me.rights).toEqual(['READ']);
    for (const [by, field, reason] of [
      [keys.imp.key, 'token(can: [READ, LOGS]) { id }', '`logs`'],
      [keys.ci.key, 'token(can: [READ, ABORT]) { id }', '`abort`'],
      [keys.tri.key, TOKEN, '`read`'],
    ] as const) {
      const { data: made, errors } = await follow(by, field);
      expect(made.triggerTask).toMatchObject({ __typename: 'TaskRunTriggered', token: null });
      expect(errors).toMatchObject([{ message: expect.stringContaining(reason) }]);
    }
    // A minter of its own runs reads what it triggers by a token, for its name is on it.
    const own = await follow(keys.own.key, TOKEN);
    expect(own.data.triggerTask.token).toHaveProperty('id');
  });

  test('takes those who follow by it back with it', async () => {
    const minted = await mintTrigger(keys.ci.key, FIXED);
    const { data } = await trigger(minted.token, 'page', TOKEN);
    const { token } = data.triggerTask.token;
    expect(await ask(token, '{ me { name } }')).toHaveProperty('data');
    login.rules = rulesOf(file({ revoked: [`token:${minted.id}`] }));
    expect(await ask(minted.token, '{ me { name } }')).toBe(401);
    expect(await ask(token, '{ me { name } }')).toBe(401);
  });

  test('has no token for a run that somebody else made under its key', async () => {
    const minted = await mintTrigger(keys.ci.key, FIXED);
    await ask(
      keys.tri.key,
      `mutation { triggerImportPages(input: { model: "page", amount: 1 }, options: { key: "token:${minted.id}" }) { __typename } }`,
    );
    const { data } = await trigger(minted.token, 'page', TOKEN);
    expect(data.triggerTask.__typename).toBe('KeyConflict');
  });

  test.each<[string, keyof typeof keys, string, object]>([
    ['a definition that there is not', 'ci', 'definition: "importPage"', none(['importPages'])],
    ['a private one', 'ci', 'definition: "sweepFiles"', none([])],
    ['one that its minter is not told of', 'imp', 'definition: "testingRun"', none([])],
    ['fields that are none', 'ci', 'definition: "importPages", fixed: ["page"]', invalid('fixed')],
    [
      'too many fields',
      'ci',
      `definition: "importPages", fixed: { model: "${'a'.repeat(8192)}" }`,
      invalid('fixed'),
    ],
    ['no time', 'ci', 'definition: "importPages", expiresIn: 0', invalid('expiresIn')],
    ['more than a day', 'ci', 'definition: "importPages", expiresIn: 86401', invalid('expiresIn')],
  ])('is not minted for %s', async (_, by, args, problem) => {
    expect(await mintTrigger(keys[by].key, args)).toMatchObject(problem);
  });

  test('is not minted by whoever may see a definition and not trigger it, nor by a token', async () => {
    login.rules = rulesOf({
      ...file(),
      keys: [{ id: 'ci', hashes: [keys.ci.hash], tenant: 'acme', roles: ['viewer'] }],
    });
    expect(await mintTrigger(keys.ci.key, FIXED)).toMatchObject(forbidden('trigger'));
    login.rules = rulesOf(file());
    const { token } = await mintTrigger(keys.ci.key, FIXED);
    expect(await mintTrigger(token, 'definition: "importPages"')).toMatchObject({
      __typename: 'Forbidden',
      message: 'Whoever came by a token mints no other.',
    });
  });
});

test('a gateway of an application mints for callers that it vouches for', async () => {
  await app.close();
  ({ app, service } = await testGateway({
    authenticate: async () => ({ ...sessionOf({ name: 'ann' }), credential: 'PROXY' }),
    tokens,
  }));
  const minted = await mint('x', `id: "${await runOf('x')}"`);
  expect(await tokens.verify(minted.token)).toMatchObject({ sub: 'ann', can: ['read', 'logs'] });
});

function forbidden(right: string): object {
  return {
    __typename: 'Forbidden',
    code: 'FORBIDDEN',
    message: `This needs the right \`${right}\`.`,
  };
}
function none(suggestions: readonly string[]): object {
  return { __typename: 'TaskDefinitionNotFound', suggestions };
}
function invalid(argument: string): object {
  return {
    __typename: 'InvalidArgument',
    message: expect.stringContaining(`Expected \`${argument}\``),
  };
}
