import { describe, expect, test } from 'vitest';
import { LIST_SHARES, ListShares } from '../../../../src/api/schema/kit/list-shares.ts';
import type { ListShare } from '../../../../src/api/schema/kit/list-shares.ts';

const ada = { name: 'ada' };
const forever = () => ({
  next: () => new Promise<never>(() => {}),
  return: async () => await Promise.resolve({ done: true, value: undefined } as const),
  [Symbol.asyncIterator]() {
    return this;
  },
});
const open = (share: ListShare, tag: string) => share.open({ tagsAll: [tag] }, forever);
const fill = (share: ListShare, tag: string, count: number) =>
  Array.from({ length: count }, (_, n) => open(share, `${tag}${n}`));
const { connection, caller } = LIST_SHARES;

test('a connection has a share of the lists, and others have theirs', async () => {
  const shares = new ListShares();
  const one = shares.of({}, ada);
  const [first] = fill(one, 'a', connection);
  expect(() => open(one, 'more')).toThrow(
    `This connection watches ${connection} different lists, and may not watch more at once: leave some.`,
  );
  open(shares.of({}, ada), 'more');
  await first?.return?.();
  await first?.return?.();
  open(one, 'more');
  expect(() => open(one, 'yet more')).toThrow('This connection');
});

test('equal lists take one place', () => {
  const one = new ListShares().of({}, ada);
  fill(one, 'a', connection);
  expect(fill(one, 'a', connection)).toHaveLength(connection);
});

test('a caller has a share over all its connections, and others have theirs', () => {
  const shares = new ListShares();
  for (let n = 0; n < caller / connection; n++)
    fill(shares.of({}, ada, '::1'), `${n} `, connection);
  expect(() => open(shares.of({}, ada, '::1'), 'more')).toThrow('This caller');
  open(shares.of({}, { name: 'grace' }, '::1'), 'more');
  open(shares.of({}, ada, '10.0.0.7'), 'more');
});

test.each(['ends', 'fails'] as const)('a list that %s gives its place back', async (way) => {
  const one = new ListShares().of({}, ada);
  fill(one, 'a', connection - 1);
  const next = async () =>
    way === 'ends'
      ? await Promise.resolve({ done: true as const, value: undefined })
      : await Promise.reject(new Error('gone'));
  const list = one.open({}, () => ({ ...forever(), next }));
  expect(() => open(one, 'more')).toThrow('This connection');
  await list.next().catch(() => undefined);
  open(one, 'more');
});

const of = (shares: ListShares, name: string, tenant: string, lists?: number) =>
  shares.of({}, { name, tenant, ...(lists !== undefined && { share: { lists } }) });

describe('callers of a tenant', () => {
  test('have a share together, and those of others have theirs', async () => {
    const shares = new ListShares();
    const [first] = fill(of(shares, 'ada', 'acme'), 'a', 10);
    const [last] = fill(of(shares, 'grace', 'acme'), 'g', 10);
    const joan = of(shares, 'joan', 'acme');
    expect(() => open(joan, 'more')).toThrow(
      expect.objectContaining({
        code: 'RATE_LIMITED',
        details: { limit: 'lists', retryAfter: 30 },
      }),
    );
    // One that is open costs nothing more.
    open(joan, 'a0');
    open(of(shares, 'bob', 'beta'), 'more');
    open(of(shares, 'root', 'acme-2'), 'more');
    // `a0` is followed by another one still; `g0` is left by the only one.
    await first?.return?.();
    expect(() => open(joan, 'more')).toThrow('Your tenant');
    await last?.return?.();
    open(joan, 'more');
  });

  test('of whom one has at most half', () => {
    const shares = new ListShares();
    fill(of(shares, 'ada', 'acme'), 'a', 10);
    expect(() => open(of(shares, 'ada', 'acme'), 'more')).toThrow('This caller');
    open(of(shares, 'grace', 'acme'), 'more');
  });

  test('have as many as the auth file says', () => {
    const shares = new ListShares();
    fill(of(shares, 'ada', 'acme', 4), 'a', 2);
    fill(of(shares, 'grace', 'acme', 4), 'g', 2);
    expect(() => open(of(shares, 'joan', 'acme', 4), 'more')).toThrow('Your tenant');
  });
});
