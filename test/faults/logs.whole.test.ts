import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { TaskService } from '../../src/service/task-service.ts';
import {
  readToEnd,
  readUntil,
  messagesOf,
  writtenLines,
  expectNoGapNorRepeat,
} from '../support/run-log.ts';
import * as tasks from '../support/tasks/workflows.ts';
import { eventually, startWorker } from '../support/whole.ts';
import type { WholeTest } from '../support/whole.ts';

let whole: WholeTest;
let service: TaskService<typeof tasks>;
/** Of another process: it shares nothing with the first. */
let elsewhere: TaskService<typeof tasks>;

beforeAll(async () => {
  whole = await startWorker();
  const { client, taskQueue } = whole;
  service = new TaskService({ client, tasks, taskQueue });
  elsewhere = new TaskService({ client, tasks, taskQueue });
});
afterAll(async () => {
  await service.close();
  await elsewhere.close();
  await whole.stop();
});

const numbered = (word: string, count: number): string[] =>
  Array.from({ length: count }, (_, at) => `${word} ${at + 1}`);
/** `line 7 ....` → `line 7` */
const said = (lines: Parameters<typeof writtenLines>[0]): readonly string[] =>
  writtenLines(lines, /^line \d/).map((message) => message.replace(/\s*\.*$/, ''));

test('every line of 200 very short runs comes once and in order, and then the end', async () => {
  const asActor = service.as({ name: 'ann' });
  const left = numbered('run', 200);
  const follow = async (): Promise<void> => {
    while (left.pop() !== undefined) {
      const { id } = await asActor.trigger({ definition: 'walkSteps', input: { steps: 3, ms: 0 } });
      const { lines, end } = await readToEnd(service, id);
      expect(messagesOf(lines)).toEqual([
        'Triggered by ann',
        'Started',
        ...numbered('step', 3),
        'Done',
      ]);
      expect(end).toMatchObject({ status: 'SUCCEEDED', dropped: 0 });
    }
  };
  await Promise.all(Array.from({ length: 8 }, follow));
});

test('the lines of all attempts are kept, each with its attempt', async () => {
  const { id } = await service.trigger({
    definition: 'failThenSucceed',
    input: { succeedAt: 3, retryMs: 50, lines: 5 },
  });
  const { lines } = await readToEnd(service, id);
  expectNoGapNorRepeat(lines);
  for (const attempt of [1, 2, 3]) {
    const own = lines.filter((line) => line.attempt === attempt);
    expect(messagesOf(own)).toEqual([
      attempt === 1 ? 'Started' : `Attempt ${attempt} started`,
      ...numbered(`attempt ${attempt} line`, 5),
      ...(attempt < 3 ? [`Attempt ${attempt} failed: not at attempt ${attempt}`] : []),
    ]);
  }
});

describe('an abort keeps the lines that were written', () => {
  test('while the work stopped', async () => {
    const { id } = await service.trigger({
      definition: 'walkSteps',
      input: { steps: 1000, ms: 10, cleanUpLines: 10 },
    });
    await readUntil(service, id, 'step 3');
    await service.as({ name: 'bob' }).abort({ id, reason: 'enough' });
    const { lines, end } = await readToEnd(service, id);
    expectNoGapNorRepeat(lines);
    expect(writtenLines(lines, /^stopping/)).toEqual(numbered('stopping', 10));
    expect(messagesOf(lines).at(-1)).toBe('Aborted (GRACEFUL)');
    expect(messagesOf(lines)).toContain('Abort requested by bob: enough');
    expect(end.status).toBe('ABORTED');
  });

  test('by the clean-up of the definition', async () => {
    const { id } = await service.trigger({ definition: 'cleanUpTask', input: {} });
    await eventually(async () => expect((await service.get(id)).status).toBe('RUNNING'));
    await service.abort({ id });
    const { lines } = await readToEnd(service, id);
    expect(said(lines)).toEqual(numbered('line', 3));
  });

  test('before a retry that will not come', async () => {
    const { id } = await service.trigger({
      definition: 'failThenSucceed',
      input: { succeedAt: 99, retryMs: 60_000, lines: 10 },
    });
    await readUntil(service, id, 'Attempt 1 failed: not at attempt 1');
    await service.abort({ id });
    const { lines, end } = await readToEnd(service, id);
    expect(writtenLines(lines, /^attempt 1/)).toEqual(numbered('attempt 1 line', 10));
    expect(end.status).toBe('ABORTED');
  });

  test('by a run that was terminated, for a late viewer too', async () => {
    const { id } = await service.trigger({
      definition: 'sayLines',
      input: { lines: 10_000, rate: 50 },
    });
    const seen = await readUntil(service, id, /^line 20 /);
    await service.as({ name: 'bob' }).terminate({ id, reason: 'stuck' });
    const late = await readToEnd(elsewhere, id);
    expectNoGapNorRepeat(late.lines);
    expect(said(late.lines).length).toBeGreaterThanOrEqual(20);
    expect(messagesOf(late.lines)).toEqual(expect.arrayContaining([...messagesOf(seen.lines)]));
    expect(messagesOf(late.lines).slice(-2)).toEqual([
      'Abort requested by bob: stuck',
      'Aborted (TERMINATED)',
    ]);
    expect(late.end.status).toBe('ABORTED');
  });
});

test('a run of 100,000 lines ends within its budget, and says what it dropped', async () => {
  const { id } = await service.trigger({
    definition: 'sayLines',
    input: { lines: 100_000, bytes: 40, rate: 0 },
  });
  const { lines, end } = await readToEnd(service, id);
  expect(end.status).toBe('SUCCEEDED');
  const counted = lines.filter(({ source }) => source !== 'run');
  const kept = counted.filter(({ dropped }) => dropped === 0).length;
  // The attempt's own `Started` is a line too.
  expect(kept + end.dropped).toBe(100_001);
  expect(kept).toBeGreaterThan(20_000);
  expect(end.dropped).toBeGreaterThan(0);
  expectNoGapNorRepeat(lines);
  expect(messagesOf(counted).at(-1)).toMatch(/^line 100000 /);

  const { workflowExecutionInfo } = await whole.client.workflowService.describeWorkflowExecution({
    namespace: 'default',
    execution: { workflowId: id },
  });
  expect(Number(workflowExecutionInfo?.historyLength)).toBeLessThan(1000);
  expect(Number(workflowExecutionInfo?.historySizeBytes)).toBeLessThan(12 * 1024 * 1024);

  // Whoever comes later reads as much, by pages.
  let dropped = 0;
  let read = 0;
  for (let after: string | undefined; ;) {
    const page = await elsewhere.logs(id, { after, first: 1000 });
    read += page.lines.filter(({ source, dropped }) => source !== 'run' && dropped === 0).length;
    dropped += page.dropped;
    if (page.ended) break;
    after = page.cursor;
  }
  expect(read + dropped).toBe(100_001);
});

describe('over a chain of iterations', () => {
  test('the lines of all iterations come once, and the life of the run once', async () => {
    const { id } = await service.as({ name: 'ann' }).trigger({
      definition: 'chainTask',
      input: { iterations: 3, lines: 40 },
    });
    const live = await readToEnd(service, id);
    const later = await readToEnd(elsewhere, id);
    for (const { lines } of [live, later]) {
      expectNoGapNorRepeat(lines);
      for (const iteration of [1, 2, 3])
        expect(said(lines.filter((line) => line.iteration === iteration))).toEqual(
          numbered('line', 40),
        );
      expect(messagesOf(lines.filter(({ source }) => source === 'run'))).toEqual([
        'Triggered by ann',
        'Done',
      ]);
    }
    expect(later.cursors).toHaveLength(later.lines.length);
  });

  test('a reader goes on from any of its cursors', async () => {
    const { id } = await service.trigger({
      definition: 'chainTask',
      input: { iterations: 2, lines: 30 },
    });
    const { lines, cursors } = await readToEnd(service, id);
    for (let at = 0; at < cursors.length; at += 7) {
      const rest = await readToEnd(elsewhere, id, { after: cursors[at] });
      expect(messagesOf(rest.lines)).toEqual(messagesOf(lines.slice(at + 1)));
    }
  });
});

test('a reader that is cut off again and again, and comes back anywhere, misses and repeats nothing', async () => {
  const { id } = await service.trigger({
    definition: 'sayLines',
    input: { lines: 3000, bytes: 100, rate: 600, parallel: 3 },
  });
  const lines: Parameters<typeof said>[0][number][] = [];
  let after: string | undefined;
  let status: string | undefined;
  for (let visit = 0; status === undefined; visit++) {
    const gateway = visit % 2 === 0 ? service : elsewhere;
    const cut = new AbortController();
    setTimeout(() => cut.abort(), 400);
    for await (const event of gateway.tail(id, { after, signal: cut.signal })) {
      after = event.cursor;
      if (event.type === 'LINE') lines.push(event.line);
      else ({ status } = event);
    }
  }
  expect(status).toBe('SUCCEEDED');
  expectNoGapNorRepeat(lines);
  expect(said(lines)).toHaveLength(9000);
});
