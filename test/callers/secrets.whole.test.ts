// What callers show and send is in nothing that a gateway writes: its whole output is searched, at the most that it says.
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, onTestFinished, test } from 'vitest';
import { newApiKey } from '../../src/login/api-keys.ts';
import { openSocket } from '../api/support/live-gateway.ts';
import { Program } from '../local/support/program.ts';
import { eventually, startWorker } from '../support/whole.ts';
import type { WholeTest } from '../support/whole.ts';
import { socketOf, tenantNamed, TRANSPORTS } from './support.ts';

let whole: WholeTest;
/** Whatever is wrong with a credential is looked at here, from one address. */
const PLENTY = { burst: 10_000, rate: 1000 };

beforeAll(async () => {
  whole = await startWorker();
});
afterAll(() => whole.stop());

const acme = tenantNamed('acme');
const root = newApiKey('root');
const wat = newApiKey('wat');
/** In all that is sent. */
const PLANTED = `planted${randomUUID().replaceAll('-', '')}`;
/** Of triggers: it is read in the ids of their runs, which are told. */
const KEY = `key${randomUUID()}`;
/** What is told in the audit, and nowhere else. */
const REASON = `reason${randomUUID().replaceAll('-', '')}`;

async function startProgram(): Promise<{ program: Program; address: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'waymark-secrets-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = join(folder, 'auth.json');
  const keys = [
    { id: 'root', hashes: [root.hash], tenant: acme, roles: ['admin'] },
    { id: 'wat', hashes: [wat.hash], tenant: acme, roles: ['watcher'] },
  ];
  await writeFile(
    file,
    JSON.stringify({ tenants: {}, keys, limits: { address: { failures: PLENTY } } }),
  );
  const program = await Program.start('src/api/server.ts', {
    TEMPORAL_ADDRESS: inject('temporal').address,
    WAYMARK_TASK_QUEUE: whole.taskQueue,
    WAYMARK_AUTH_FILE: file,
    WAYMARK_TOKEN_SECRETS: `a:${Buffer.alloc(32, 7).toString('base64')}`,
    WAYMARK_LOG_LEVEL: 'trace',
  });
  const url = new URL(await program.said(/GraphQL at (http:\S+)"/));
  return { program, address: `http://127.0.0.1:${url.port}` };
}

/** Operations of one run, each with what must not be told in all that takes it. */
const ofRun = (id: string): readonly string[] => [
  `{ taskRun(id: "${id}") { input output log { lines { message data } } timeline { entries { kind } } diagnosis { code } } }`,
  `{ taskRuns(filter: { search: "${PLANTED}" }) { totalCount nodes { id input } } }`,
  `{ taskRuns(after: "${PLANTED}") { totalCount } }`,
  `{ taskRunCounts(filter: { search: "${PLANTED}" }) { total } }`,
  `{ workers { id } server { __typename } taskDefinitions { id } }`,
  `{ backgroundTasks { getTask(id: "${id}") { data { input } } listTasks(search: "${PLANTED}") { data { input } } listLogs(search: "${PLANTED}") { data { items { message } } } } }`,
  `mutation { rerunTaskRun(id: "${id}", input: "${PLANTED}", options: { key: "${KEY}2" }) { __typename } }`,
  `mutation { mintRunToken(id: "${id}") { __typename ... on TokenMinted { token } } }`,
  `mutation { mintTriggerToken(definition: "testingRun", fixed: { a: "${PLANTED}" }) { __typename ... on TokenMinted { token } } }`,
  `mutation { abortTaskRun(id: "${id}", reason: "${REASON}") { __typename } }`,
  `mutation { terminateTaskRun(id: "${id}", reason: "${REASON}") { __typename } }`,
  `mutation { backgroundTasks { triggerTask(definition: testingRun, input: { a: "${PLANTED}" }) { data { id } } abortTask(id: "${id}", message: "${REASON}") { error { code } } updateSettings(input: { retentionDays: 3 }) { error { code } } } }`,
  // What goes wrong says what came.
  `{ taskRun(id: "${id}") { ${PLANTED} } }`,
  `{ taskRun(id: "${id}" ${PLANTED}`,
  `mutation { triggerTask(definition: "checksumFiles", input: { ${PLANTED}: "${PLANTED}" }) { __typename } }`,
  `mutation { triggerTask(definition: "testingRun", input: "other", options: { key: "${KEY}" }) { __typename } }`,
  `mutation { triggerTask(definition: "testingRun", options: { delay: "${PLANTED}" }) { __typename } }`,
];
const LIVE = [
  'subscription ($id: ID!) { taskRun(id: $id) { input } }',
  'subscription ($id: ID!) { taskRunLog(id: $id) { ... on LogLine { message } } }',
  `subscription { taskRuns(filter: { search: "${PLANTED}" }) { __typename } }`,
];
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

test('no input, line, credential or token is in what a gateway writes, and a reason in its audit alone', async () => {
  const { program, address } = await startProgram();
  const minted: string[] = [];
  const TRIGGER = `mutation ($input: JSON, $key: String) {
    triggerTask(definition: "testingRun", input: $input, options: { key: $key }) {
      ... on TaskRunTriggered { run { id } token { token } }
    }
  }`;
  const admin = { address, headers: bearer(root.key) };
  const variables = { input: PLANTED, key: KEY };
  const triggered = await TRANSPORTS.HTTP(admin, TRIGGER, variables);
  const { run, token } = triggered.body.data.triggerTask;
  minted.push(token.token);
  await eventually(async () => {
    const { text } = await TRANSPORTS.HTTP(
      admin,
      `{ taskRun(id: "${run.id}") { status log { lines { message data } } } }`,
    );
    // It is what is searched for: in the lines of the run, and to be read there.
    expect(text).toContain('SUCCEEDED');
    expect(text).toContain(PLANTED);
  });
  for (const { key } of [root, wat, { key: token.token as string }])
    for (const ask of Object.values(TRANSPORTS))
      for (const query of ofRun(run.id)) {
        const { text } = await ask({ address, headers: bearer(key) }, query, {});
        for (const [, one = ''] of text.matchAll(/"token":"([^"]+)"/g)) minted.push(one);
      }
  for (const query of LIVE) {
    const client = await socketOf(admin);
    client.send({ type: 'subscribe', id: '1', payload: { query, variables: { id: run.id } } });
    client.send({ type: 'subscribe', id: PLANTED, payload: { query: '{ me { name } }' } });
    await client.next();
    client.send(`{ "type": "${PLANTED}"`);
    await client.closed;
  }

  const shown = [
    ...minted.map((one) => `Bearer ${one.slice(0, -6)}AAAAAA`),
    `Bearer ${root.key.slice(0, -4)}AAAA`,
    `Bearer ${PLANTED}`,
    `Basic ${PLANTED}`,
    `Bearer ${PLANTED}.${PLANTED}.${PLANTED}`,
    PLANTED,
  ];
  for (const authorization of shown) {
    const { status } = await TRANSPORTS.HTTP(
      { address, headers: { authorization } },
      `{ ${PLANTED} }`,
    );
    expect(status).toBe(401);
    for (const payload of [{ authorization }, { headers: { authorization } }, { [PLANTED]: 1 }]) {
      const client = await openSocket(`${address.replace('http', 'ws')}/graphql`);
      client.send({ type: 'connection_init', payload });
      expect((await client.closed).code).toBe(4403);
    }
  }
  for (const path of ['graphql', 'graphql/stream', 'codec/decode', 'nowhere'])
    for (const method of ['GET', 'POST'])
      await fetch(`${address}/${path}?query={${PLANTED}}&token=${PLANTED}`, {
        method,
        headers: {
          cookie: `a=${PLANTED}`,
          'content-type': 'application/json',
          ...bearer(root.key),
        },
        ...(method === 'POST' && { body: `{"payloads":[{"data":"${PLANTED}"}]` }),
      });

  program.signal('SIGTERM');
  expect(await program.exited()).toBe(0);
  const { output } = program;
  expect(minted.length).toBeGreaterThan(4);
  for (const action of ['run-trigger', 'run-rerun', 'run-abort', 'token-mint', 'login'])
    expect(output).toContain(`"event.action":"${action}"`);
  const linesWith = (text: string): readonly string[] =>
    output.split('\n').filter((line) => line.toLowerCase().includes(text.toLowerCase()));
  expect(linesWith(PLANTED)).toEqual([]);
  for (const secret of [root.key, wat.key, ...minted])
    expect(linesWith(secret.slice(-20))).toEqual([]);
  const told = linesWith(REASON).map((line) => JSON.parse(line));
  expect(told.length).toBeGreaterThan(0);
  for (const line of told)
    expect(line).toMatchObject({ component: 'audit', waymark: { said: REASON } });
});
