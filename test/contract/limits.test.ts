import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { LIMITS } from '../../src/contract/limits.ts';

const count = (value: number): string => value.toLocaleString('en');
const bytes = (value: number): string =>
  value >= 1024 * 1024 ? `${value / 1024 / 1024} MiB` : `${value / 1024} KiB`;
const { log, document, operation, held, socket } = LIMITS;

/** What the table of docs/guarantees.md must say of each bound. */
test.each([
  [
    'name, tags, key, reason',
    `${LIMITS.name} characters, ${LIMITS.tags} × ${LIMITS.tag}, ${LIMITS.key}, ${count(LIMITS.reason)}`,
  ],
  ['delay', `less than ${LIMITS.delay / 86_400} days`],
  ['grace', `${count(LIMITS.grace)} s`],
  ['life of a token', `${count(LIMITS.token.lifetime)} s`],
  ['a token, with what it fixes', `${count(LIMITS.token.text)} characters`],
  ['message and data of a line', `${bytes(log.message)} each`],
  ['log of an activity, of a run', `${bytes(log.activity)}, ${bytes(log.run)};`],
  ['page of a list, of a log', `${LIMITS.runs} runs, ${count(LIMITS.lines)} lines`],
  ['order other than newest or last finished', `${count(LIMITS.sorted)} matches`],
  ["filter that Temporal's index cannot answer", `${count(LIMITS.scanned)} rows scanned`],
  ['values of a field of a filter', `${LIMITS.values}`],
  ['GraphQL document', `${count(document.cost)} fields, ${bytes(document.body)} bodies and frames`],
  ['answer of an operation', `${bytes(operation.answer)}, of at most ${bytes(operation.read)}`],
  ['calls to Temporal for an operation', count(operation.calls)],
  ['time of an operation', `${operation.deadline / 1000} s`],
  ['what a process keeps for all its clients', `${bytes(held.all)}, and ${bytes(held.each)}`],
  [
    'what a caller, a tenant asks for',
    `${count(LIMITS.budget.burst)} points at once and ${LIMITS.budget.rate} a second`,
  ],
  ['values decrypted at once', bytes(LIMITS.codec)],
  ['subscriptions on a socket', `${socket.operations}`],
  ['slow reader', bytes(socket.buffer)],
])('the bound of %s is as it is told', async (what, bound) => {
  const page = await readFile(new URL('../../docs/guarantees.md', import.meta.url), 'utf8');
  const rows = page.split('\n').map((line) => line.split('|').map((cell) => cell.trim()));
  const [, , told = ''] = rows.find(([, name]) => name === what) ?? [];
  expect(told.startsWith(bound) || told.includes(` ${bound}`)).toBe(true);
});
