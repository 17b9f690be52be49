import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { LIMITS } from '../../src/contract/limits.ts';

const count = (value: number): string => value.toLocaleString('en');
const bytes = (value: number): string =>
  value >= 1024 * 1024 ? `${value / 1024 / 1024} MiB` : `${value / 1024} KiB`;
type Bounds = { readonly [name: string]: number | Bounds };
/** The same, and notes which bounds are read. */
const noting = <B extends Bounds>(bounds: B, read: Set<string>, path = ''): B =>
  new Proxy(bounds, {
    get: (of, name: string) => {
      const value = of[name];
      if (typeof value === 'object') return noting(value, read, `${path}${name}.`);
      read.add(path + name);
      return value;
    },
  });
const all = (bounds: Bounds, path = ''): readonly string[] =>
  Object.entries(bounds).flatMap(([name, value]) =>
    typeof value === 'object' ? all(value, `${path}${name}.`) : [path + name],
  );

const told = new Set<string>();
const BOUNDS = noting(LIMITS, told);
const { log, document, operation, held, socket } = BOUNDS;

/** What the table of docs/guarantees.md must say of each bound. */
test.each([
  [
    'name, tags, key, reason',
    `${BOUNDS.name} characters, ${BOUNDS.tags} × ${BOUNDS.tag}, ${BOUNDS.key}, ${count(BOUNDS.reason)}`,
  ],
  ['delay', `less than ${BOUNDS.delay / 86_400} days`],
  ['grace', `${count(BOUNDS.grace)} s`],
  ['life of a token', `${count(BOUNDS.token.lifetime)} s`],
  ['a token, with what it fixes', `${count(BOUNDS.token.text)} characters`],
  ['message and data of a line', `${bytes(log.message)} each`],
  ['log of an activity, of a run', `${bytes(log.activity)}, ${bytes(log.run)};`],
  ['what a resumed run takes over', bytes(BOUNDS.resume)],
  ['page of a list, of a log', `${BOUNDS.runs} runs, ${count(BOUNDS.lines)} lines`],
  ['order other than newest or last finished', `${count(BOUNDS.sorted)} matches`],
  ["filter that Temporal's index cannot answer", `${count(BOUNDS.scanned)} rows scanned`],
  ['values of a field of a filter', `${BOUNDS.values}`],
  ['GraphQL document', `${count(document.cost)} fields, ${bytes(document.body)} bodies and frames`],
  ['answer of an operation', `${bytes(operation.answer)}, of at most ${bytes(operation.read)}`],
  ['calls to Temporal for an operation', count(operation.calls)],
  ['time of an operation', `${operation.deadline / 1000} s`],
  ['what a process keeps for all its clients', `${bytes(held.all)}, and ${bytes(held.each)}`],
  [
    'what a caller, a tenant asks for',
    `${count(BOUNDS.budget.burst)} points at once and ${BOUNDS.budget.rate} a second`,
  ],
  [
    'failed logins, silent sockets of an address',
    `${BOUNDS.address.failures.burst} at once and ${BOUNDS.address.failures.rate} a second; ${BOUNDS.address.silentSockets},`,
  ],
  ['lists that a tenant follows live', `${BOUNDS.lists} different ones`],
  ['values decrypted at once', bytes(BOUNDS.codec)],
  ['subscriptions on a socket', `${socket.operations}`],
  ['slow reader', bytes(socket.buffer)],
])('the bound of %s is as it is told', async (what, bound) => {
  const page = await readFile(new URL('../../docs/guarantees.md', import.meta.url), 'utf8');
  const rows = page.split('\n').map((line) => line.split('|').map((cell) => cell.trim()));
  const [, , told = ''] = rows.find(([, name]) => name === what) ?? [];
  expect(told.startsWith(bound) || told.includes(` ${bound}`)).toBe(true);
});

/** Not in the table, or not as numbers: the log's own measures, and what the refusal alone tells. */
const UNTOLD = [
  'payload',
  'actor',
  'id',
  'retention',
  ...['ring', 'flush', 'batch', 'signalGap', 'tail', 'data', 'page', 'carry'].map(
    (name) => `log.${name}`,
  ),
  ...['text', 'tokens', 'depth', 'aliases', 'alias', 'directives'].map(
    (name) => `document.${name}`,
  ),
  'operation.errors',
  'held.request',
];

test('every other bound is in the table', () => {
  expect(all(LIMITS).filter((bound) => !told.has(bound))).toEqual(UNTOLD);
});
