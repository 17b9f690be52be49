import { Writable } from 'node:stream';
import { expect, test } from 'vitest';
import type { Decision } from '../../src/audit/decision.ts';
import { openAudit } from '../../src/process/open-audit.ts';

const done = (run: string): Decision => ({ action: 'run-delete', outcome: 'success', run });

/** An output whose reader takes something when it is told to. */
class Output extends Writable {
  readonly lines: any[] = [];
  #next: (() => void) | undefined;
  override _write(chunk: Buffer, _: BufferEncoding, next: () => void): void {
    this.lines.push(JSON.parse(chunk.toString()));
    this.#next = next;
  }
  take(): void {
    for (let next = this.#next; next; next = this.#next) {
      this.#next = undefined;
      next();
    }
  }
}

test('lines come in the order in which they were told', () => {
  const out = new Output();
  const audit = openAudit({ out });
  for (let n = 0; n < 500; n++) audit.tell(done(`${n}`));
  out.take();
  expect(out.lines.map(({ waymark }) => waymark.run)).toEqual(
    Array.from({ length: 500 }, (_, n) => `${n}`),
  );
  audit.close();
});

test('a reader that takes nothing holds nobody up, and learns how much it missed', () => {
  const out = new Output();
  const audit = openAudit({ out, most: 100_000 });
  const TOLD = 5000;
  // Returns at once.
  for (let n = 0; n < TOLD; n++) audit.tell(done(`${n}`));
  expect(out.writableLength).toBeLessThanOrEqual(100_000);
  out.take();
  const before = out.lines.length;
  expect(before).toBeGreaterThan(100);
  audit.tell(done('after'));
  out.take();
  const [drop, after, ...others] = out.lines.slice(before);
  expect(drop).toMatchObject({
    'event.action': 'audit-drop',
    waymark: { count: TOLD - before },
  });
  expect(after.waymark.run).toBe('after');
  expect(others).toEqual([]);
  audit.close();
});

test('an output that is closed costs nobody anything', async () => {
  const out = new Writable({
    write: (_chunk, _encoding, next) => next(new Error('write EPIPE')),
  });
  const audit = openAudit({ out });
  audit.tell(done('x'));
  await expect.poll(() => out.destroyed).toBe(true);
  expect(() => audit.tell(done('y'))).not.toThrow();
  await new Promise(setImmediate);
  audit.close();
});
