import { describe, expect, test } from 'vitest';
import { Audit } from '../../src/audit/audit.ts';
import type { AuditOptions } from '../../src/audit/audit.ts';
import type { Decision } from '../../src/audit/decision.ts';
import { sessionOf } from '../../src/login/session.ts';

function listening(options: Partial<AuditOptions> = {}) {
  let text = '';
  const audit = new Audit({ write: (line) => ((text += line), true), ...options });
  const lines = (): any[] => text.split('\n').flatMap((line) => (line ? [JSON.parse(line)] : []));
  return { audit, lines, text: () => text };
}
const refusal = (more: Partial<Decision> = {}): Decision => ({
  action: 'run-abort',
  outcome: 'failure',
  reason: 'right:abort',
  session: sessionOf({ name: 'ann' }),
  origin: { ip: '10.0.0.7', requestId: 'r', traceId: undefined },
  run: 'x',
  ...more,
});

describe('a flood', () => {
  test('of 10,000 refusals is a line at once and one for the rest, with their number', () => {
    const { audit, lines } = listening();
    for (let n = 0; n < 10_000; n++) audit.tell(refusal({ run: `run-${n}` }));
    expect(lines()).toMatchObject([{ 'event.reason': 'right:abort', waymark: { run: 'run-0' } }]);
    audit.close();
    const [, counted, ...more] = lines();
    expect(more).toEqual([]);
    expect(counted).toMatchObject({
      'event.action': 'run-abort',
      'user.name': 'ann',
      'source.ip': '10.0.0.7',
      waymark: { count: 9999 },
    });
    expect(counted['event.end'] >= counted['event.start']).toBe(true);
    // Of which run or request, the many do not say.
    expect(counted).not.toHaveProperty('waymark.run');
    expect(counted).not.toHaveProperty('http.request.id');
  });

  test('that goes on is one line for each window', async () => {
    const { audit, lines } = listening({ window: 20 });
    const told = (): number => lines().reduce((sum, { waymark }) => sum + (waymark.count ?? 1), 0);
    for (let n = 0; n < 3; n++) {
      for (let m = 0; m < 100; m++) audit.tell(refusal());
      const before = lines().length;
      await expect.poll(() => lines().length).toBe(before + 1);
      expect(told()).toBe(100 * (n + 1));
    }
    audit.close();
  });

  test('of ever new callers holds no more than so many kinds, and counts all', () => {
    const { audit, lines } = listening({ kinds: 10 });
    for (let n = 0; n < 5000; n++)
      audit.tell(refusal({ origin: { ip: `ip-${n}`, requestId: 'r', traceId: undefined } }));
    audit.close();
    expect(lines()).toHaveLength(12);
    const [last] = lines().slice(-1);
    expect(last).toMatchObject({ 'event.reason': 'several', waymark: { count: 4989 } });
    expect(last).not.toHaveProperty('source.ip');
  });

  test('of what was done is not folded', () => {
    const { audit, lines } = listening();
    for (let n = 0; n < 50; n++) audit.tell(refusal({ outcome: n % 2 ? 'success' : 'unknown' }));
    expect(lines()).toHaveLength(50);
  });
});

describe('a line', () => {
  test.each([
    ['a line end', 'a\nb'],
    ['a line of its own', 'a\r\n{"event.action":"run-delete"}'],
    ['fields', 'a","event.outcome":"success'],
    ['what other readers take for line ends', '\u2028\u2029\u0085\u0000\u001B[2J'],
    ['10,000 letters', 'x'.repeat(10_000)],
    ['10,000 control characters', '\u0001'.repeat(10_000)],
    ['10,000 halves of pairs', '🦊'.repeat(5000)],
    ['one half', '\uD800'],
  ])('is one JSON object of a bounded size, with %s in each text', (_, name) => {
    const { audit, lines, text } = listening();
    audit.tell(
      refusal({
        session: { ...sessionOf({ name, tenant: name }), credentialId: `sub:${name}` },
        origin: { ip: name, requestId: name, traceId: name },
        run: name,
        rerunOf: name,
        resumeOf: name,
        definition: name,
        token: name,
        said: name,
        reason: name,
      }),
    );
    expect(text()).toMatch(/^[\u0020-\u007E]*\n$/);
    expect(text().length).toBeLessThanOrEqual(4096);
    const [line] = lines();
    const told = line['user.name'].replace(/…$/, '');
    expect(told).not.toBe('');
    expect(name.startsWith(told)).toBe(true);
    expect(line).toMatchObject({ 'event.action': 'run-abort', 'event.outcome': 'failure' });
  });
});

describe('lines for which there is no room', () => {
  test('are counted, and told before the next one that is taken', () => {
    let room = false;
    const taken: string[] = [];
    const { audit } = listening({ write: (line) => room && taken.push(line) > 0 });
    const done = refusal({ outcome: 'success' });
    for (let n = 0; n < 7; n++) audit.tell(done);
    room = true;
    audit.tell(done);
    expect(taken.map((line) => JSON.parse(line))).toMatchObject([
      { 'event.action': 'audit-drop', waymark: { count: 7 } },
      { 'event.action': 'run-abort' },
    ]);
  });

  test('are told when there is room, even if nothing more is to be told', async () => {
    let room = false;
    const taken: string[] = [];
    const { audit } = listening({
      window: 10,
      write: (line) => room && taken.push(line) > 0,
    });
    audit.tell(refusal({ outcome: 'success' }));
    room = true;
    await expect.poll(() => taken.length).toBe(1);
    expect(JSON.parse(taken[0] ?? '')).toMatchObject({ waymark: { count: 1 } });
    audit.close();
  });

  test('because writing throws, hold nobody up', () => {
    const { audit } = listening({
      write: () => {
        throw new Error('Closed');
      },
    });
    expect(() => audit.tell(refusal())).not.toThrow();
    expect(() => audit.close()).not.toThrow();
  });
});
