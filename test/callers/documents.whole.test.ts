// The documents of docs/webiny.md are answered the same to a caller with an operator's key, and without any login.
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startGateway } from '../../src/api/start-gateway.ts';
import type { RunningGateway } from '../../src/api/start-gateway.ts';
import { backgroundTasks } from '../../src/api/webiny/background-tasks.ts';
import { newApiKey } from '../../src/login/api-keys.ts';
import { eventually } from '../support/whole.ts';
import { openHouse, TRANSPORTS } from './support.ts';
import type { House, Knock } from './support.ts';

const page = await readFile(
  fileURLToPath(new URL('../../docs/webiny.md', import.meta.url)),
  'utf8',
);
const documents = [...page.matchAll(/```graphql\n(.*?)```/gs)].map(([, text = '']) => text);
const { key, hash } = newApiKey('ci');

let house: House;
let open: RunningGateway;
beforeAll(async () => {
  house = await openHouse(
    { keys: [{ id: 'ci', hashes: [hash], roles: ['operator'] }] },
    { ann: {} },
  );
  open = await startGateway({
    service: house.service,
    logger: pino({ level: 'silent' }),
    host: '127.0.0.1',
    port: 0,
    extensions: [backgroundTasks],
  });
});
afterAll(async () => {
  await open.stop();
  await house.close();
});

/** What all of them answer, of one run, with what differs from run to run replaced. */
async function answersOf(knock: Knock, name: string): Promise<readonly string[]> {
  const ask = async (document: string, id = '') => {
    const { status, body } = await TRANSPORTS.HTTP(knock, document.replace('yourTaskId', id));
    expect(status).toBe(200);
    expect(body.errors).toBeUndefined();
    return body.data.backgroundTasks;
  };
  const [definitions = '', trigger = '', list = '', logs = '', abort = ''] = documents;
  const { triggerTask } = await ask(trigger);
  const { id } = triggerTask.data;
  await eventually(async () => expect((await house.service.get(id)).status).toBe('SUCCEEDED'));
  const row = await eventually(async () => {
    const { listTasks } = await ask(list);
    const found = listTasks.data.find((one: any) => one.id === id);
    expect(found?.taskStatus).toBe('success');
    return { ...listTasks, data: found };
  });
  const plain = (answer: unknown): string =>
    JSON.stringify(answer)
      .replaceAll(id, 'ID')
      .replaceAll(name, 'NAME')
      .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME')
      .replaceAll(/[\d.]+ m?s\b/g, 'SPAN');
  return [await ask(definitions), triggerTask, row, await ask(logs, id), await ask(abort, id)].map(
    plain,
  );
}

test('each of them', async () => {
  expect(documents).toHaveLength(5);
  const headers = { authorization: `Bearer ${key}` };
  const withKey = await answersOf({ address: house.address, headers }, 'key ci');
  const without = await answersOf({ address: open.address, headers: {} }, 'anonymous');
  expect(withKey).toEqual(without);
  for (const answer of withKey.slice(0, 3)) expect(answer).toContain('"error":null');
  expect(withKey[3]).toContain('Triggered by NAME');
  expect(withKey[4]).toContain('TASK_ABORT_ERROR');
});
