// The command as a process, against a real gateway over a real Temporal.
import { spawn } from 'node:child_process';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Fastify from 'fastify';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { gateway } from '../../../src/api/gateway.ts';
import { sessionOf } from '../../../src/login/session.ts';
import type { TaskService } from '../../../src/service/task-service.ts';
import { startTestServer } from '../../../src/testing/start-test-server.ts';
import { eventually } from '../../../test/support/whole.ts';
import * as activities from '../../../test/testing/contract-activities.ts';
import * as contractTasks from '../../../test/testing/contract-tasks.ts';
import { ordersOf } from '../../../test/testing/orders.ts';
import { nobody } from './support.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const MAIN = join(ROOT, 'packages/client/src/command/main.ts');

let service: TaskService<typeof contractTasks>;
let url: string;
let close: () => Promise<void>;
beforeAll(async () => {
  const server = await startTestServer({ address: inject('temporal').address });
  ({ service } = await server.serve({
    tasks: contractTasks,
    workflowsPath: new URL('../../../test/testing/contract-tasks.ts', import.meta.url),
    activities,
  }));
  const app = Fastify({ forceCloseConnections: true });
  await app.register(gateway, {
    service,
    graphiql: false,
    authenticate: async ({ authorization: [shown = ''] }) => {
      if (shown === 'Bearer nobody') throw Object.assign(new Error('No'), { statusCode: 401 });
      return sessionOf({ name: shown.replace('Bearer ', '') || 'anonymous' });
    },
  });
  url = await app.listen({ port: 0, host: '127.0.0.1' });
  close = async () => {
    await app.close();
    await server.close();
  };
});
afterAll(() => close());

interface Said {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}
const environment = (): NodeJS.ProcessEnv => ({
  ...process.env,
  WAYMARK_URL: url,
  WAYMARK_TOKEN: 'ann',
});

function start(
  words: readonly string[],
  env: NodeJS.ProcessEnv = {},
): ChildProcessWithoutNullStreams {
  return spawn(process.execPath, ['--import', 'tsx', MAIN, ...words], {
    cwd: ROOT,
    env: { ...environment(), ...env },
  });
}

async function ended(child: ChildProcessWithoutNullStreams): Promise<Said> {
  let [out, err] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, out, err };
}

function waymark(words: readonly string[], env?: NodeJS.ProcessEnv, input = ''): Promise<Said> {
  const child = start(words, env);
  child.stdin.end(input);
  return ended(child);
}

/** What a command printed with `--json`: each line is a value. */
async function json(...words: string[]): Promise<readonly any[]> {
  const { out, err, code } = await waymark([...words, '--json']);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  return out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}

async function begun(name = 'Photos'): Promise<string> {
  const { id } = await service.trigger({ definition: 'obeyOrders', input: { label: 'a' }, name });
  await ordersOf(id).listened;
  return id;
}
const succeed = (id: string, output: unknown = null): void =>
  ordersOf(id).give({ type: 'succeed', output });

async function over(id: string): Promise<void> {
  await eventually(async () => expect((await service.get(id)).finishedAt).not.toBeNull());
}

describe('each command', () => {
  test('tasks: what there is, with its worker; one with its schema', async () => {
    expect((await waymark(['tasks'])).out).toMatch(/^obeyOrders +Obey orders +worker online$/m);
    expect((await waymark(['tasks', 'show', 'obeyOrders'])).out).toContain('"label"');
    expect(await json('tasks')).toMatchObject([{ id: 'obeyOrders', worker: { online: true } }]);
  });

  test('trigger: by JSON, by a file, by a pipe, with options', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'waymark-'));
    const file = join(folder, 'input.json');
    await writeFile(file, '{"label":"of a file"}');
    const options = ['--name', 'Photos', '-t', 'Blue', '-t', 'red', '--delay', '3600'];
    const [run] = await json('trigger', 'obeyOrders', '{"label":"a"}', ...options);
    expect(run).toMatchObject({ definitionId: 'obeyOrders', name: 'Photos', status: 'PENDING' });
    expect(await service.get(run.id)).toMatchObject({ tags: ['blue', 'red'], triggeredBy: 'ann' });
    const ids = [
      await waymark(['trigger', 'obeyOrders', `@${file}`]),
      await waymark(['trigger', 'obeyOrders', '-'], {}, '{"label":"of a pipe"}'),
      await waymark(['trigger', 'obeyOrders', '-i'], {}, 'asked\n3\n\n\n\n\n'),
    ].map(({ out }) => out.trim());
    const inputs = ids.map(async (id) => service.input(await service.get(id)));
    expect(await Promise.all(inputs)).toEqual([
      { label: 'of a file' },
      { label: 'of a pipe' },
      { label: 'asked', pages: 3 },
    ]);
    await rm(folder, { recursive: true });
  });

  test('trigger -f: its log, and it ends as the run', async () => {
    const child = start(['trigger', 'obeyOrders', '{"label":"a"}', '-f']);
    const said = ended(child);
    const id = await new Promise<string>((resolve) =>
      child.stdout.once('data', (text: Buffer | string) => resolve(String(text).trim())),
    );
    await ordersOf(id).listened;
    ordersOf(id).give({ type: 'log', message: 'one' });
    ordersOf(id).give({ type: 'fail', message: 'No paper' });
    const { code, out, err } = await said;
    expect(out).toMatch(/INFO {2}obey one$/m);
    expect({ code, err }).toEqual({ code: 1, err: 'FAILED\n' });
  });

  test('list: by status, words and age, as rows and as values', async () => {
    const id = await begun('Nightly import');
    await eventually(async () => {
      const rows = await json('list', '-q', 'nightly', '-s', 'RUNNING', '--since', '1h', '-n', '5');
      expect(rows).toMatchObject([{ id, name: 'Nightly import', status: 'RUNNING' }]);
    });
    const { out } = await waymark(['list', '-q', 'nightly', '-d', 'obeyOrders', '--utc']);
    expect(out).toMatch(new RegExp(`^RUNNING +${id} +\\d{4}-.*Z +Nightly import$`, 'm'));
    succeed(id);
  });

  test('show, by the start of an id and as the last one', async () => {
    const id = await begun();
    ordersOf(id).give({ type: 'fail', message: 'No paper' });
    await over(id);
    await eventually(async () => {
      const { out, code } = await waymark(['show', id.slice(0, -3)]);
      expect({ code, out }).toEqual({ code: 0, out: expect.stringContaining('Refused: No paper') });
    });
    // Tests beside this one trigger runs too.
    const { createdAt } = await service.get(id);
    const [last] = await json('show', '@last');
    expect(Date.parse(last.createdAt)).toBeGreaterThanOrEqual(createdAt.getTime());
  });

  test('logs: whole, its end, filtered, and after a cursor', async () => {
    const id = await begun();
    for (const message of ['one', 'two']) ordersOf(id).give({ type: 'log', message });
    succeed(id);
    await over(id);
    const lines = await json('logs', id);
    expect(lines.map(({ message }) => message).filter((text) => text !== 'Started')).toEqual(
      ['Triggered by ann', 'one', 'two', 'Done'].map((text) =>
        text === 'Triggered by ann' ? expect.stringContaining('Triggered') : text,
      ),
    );
    const messages = async (...words: string[]) =>
      (await json('logs', id, ...words)).map(({ message }) => message);
    expect(await messages('--tail', '2')).toEqual(['two', 'Done']);
    expect(await messages('--grep', 'TW')).toEqual(['two']);
    expect(await messages('--step', 'obey', '-l', 'info', '--grep', 'one')).toEqual(['one']);
    const at = lines.find(({ message }) => message === 'one').cursor;
    expect(await messages('--after', at)).toEqual(['two', 'Done']);
  });

  test('logs -f: until the end, and no bar where there is no terminal', async () => {
    const id = await begun();
    const said = waymark(['logs', '-f', id]);
    ordersOf(id).give({ type: 'progress', done: 7 });
    ordersOf(id).give({ type: 'log', message: 'one' });
    succeed(id);
    const { code, out, err } = await said;
    expect({ code, err }).toEqual({ code: 0, err: 'SUCCEEDED\n' });
    expect(out).toMatch(/ one$/m);
  });

  test('wait: the output of a run, when it has ended', async () => {
    const id = await begun();
    const said = waymark(['wait', id]);
    succeed(id, { pages: 3 });
    expect(await said).toEqual({ code: 0, out: '{"pages":3}\n', err: '' });
  });

  test('abort: of many, and at once', async () => {
    const [one, other] = [await begun(), await begun()];
    expect(await json('abort', one, '-r', 'Wrong paper', '--grace', '5')).toMatchObject([
      { outcome: 'ABORTING', run: { id: one } },
    ]);
    expect(await json('abort', other, '--force')).toMatchObject([{ outcome: 'TERMINATED' }]);
    await over(one);
    expect(await service.outcome(await service.get(one))).toMatchObject({
      abort: { by: 'ann', reason: 'Wrong paper' },
    });
  });

  test('rerun, rm, workers, open', async () => {
    const id = await begun();
    succeed(id);
    await over(id);
    const [again] = await json('rerun', id, '{"label":"b"}');
    expect(again).toMatchObject({ rerunOfId: id });
    expect(await service.input(await service.get(again.id))).toEqual({ label: 'b' });
    expect(await json('rm', id)).toEqual([{ outcome: 'DELETED', id }]);
    await expect(service.get(id)).rejects.toMatchObject({ code: 'TASK_RUN_NOT_FOUND' });
    expect(await json('workers')).toMatchObject([{ online: true }]);
    const { out } = await waymark(['open', again.id]);
    expect(out).toBe(`${url}/console/runs/${again.id}\n`);
  });
});

describe('the exit code', () => {
  test('0 with help, 2 for wrong usage, with what is expected', async () => {
    expect(await waymark(['--help'])).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^waymark <command>/),
    });
    for (const words of [[], ['fly'], ['show'], ['list', '--wings'], ['list', '-s', 'DONE']])
      expect((await waymark(words)).code).toBe(2);
    expect((await waymark(['trigger', 'obeyOrders', '{'])).code).toBe(2);
  });

  test('2 for an input that does not fit, field by field', async () => {
    const { code, err, out } = await waymark(['trigger', 'obeyOrders', '{"label":"","pages":11}']);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toMatch(/^ {2}label: Too small.*\n {2}pages: Too big.*\n.*obeyOrders/);
  });

  test('1 and 6: as the run ended', async () => {
    const [failed, aborted] = [await begun(), await begun()];
    const waits = [failed, aborted].map((id) => waymark(['wait', id]));
    ordersOf(failed).give({ type: 'fail', message: 'No paper' });
    await service.abort({ id: aborted, reason: 'Wrong' });
    expect(await Promise.all(waits)).toMatchObject([
      { code: 1, err: 'No paper\n' },
      { code: 6, err: 'Aborted: Wrong\n' },
    ]);
  });

  test('3: no such run, no such task', async () => {
    expect(await waymark(['show', 'nobody'])).toMatchObject({
      code: 3,
      err: expect.stringMatching(/nobody/),
    });
    const { code, err } = await waymark(['trigger', 'obeyOrder', '{}']);
    expect({ code, err }).toEqual({
      code: 3,
      err: expect.stringContaining('Did you mean obeyOrders?'),
    });
  });

  test('4: refused', async () => {
    const id = await begun();
    succeed(id);
    await over(id);
    expect(await waymark(['abort', id])).toMatchObject({
      code: 4,
      out: `ALREADY_FINISHED  ${id}\n`,
    });
    expect((await waymark(['tasks'], { WAYMARK_TOKEN: 'nobody' })).code).toBe(4);
  });

  test('5: nobody there', async () => {
    const { code, err } = await waymark(['tasks', '--url', await nobody()]);
    expect({ code, err }).toEqual({ code: 5, err: 'The gateway cannot be reached.\n' });
  });
});

test('a reader that has read enough ends it quietly', async () => {
  const id = await begun();
  // More than a pipe holds.
  for (let line = 0; line < 1500; line++)
    ordersOf(id).give({ type: 'log', message: 'a'.repeat(200) });
  succeed(id);
  await over(id);
  const command = `"${process.execPath}" --import tsx "${MAIN}" logs ${id} --json | head -n 1 | wc -l; echo "\${PIPESTATUS[0]}"`;
  const said = await ended(spawn('bash', ['-c', command], { cwd: ROOT, env: environment() }));
  expect(said).toEqual({ code: 0, out: '1\n0\n', err: '' });
});

test('Ctrl-C leaves the run alone, and says so', async () => {
  const id = await begun();
  const child = start(['logs', '-f', id]);
  const said = ended(child);
  await new Promise((resolve) => child.stdout.once('data', resolve));
  child.kill('SIGINT');
  expect(await said).toMatchObject({ code: 130, err: `The run goes on: waymark logs -f ${id}\n` });
  expect(await service.get(id)).toMatchObject({ status: 'RUNNING' });
  succeed(id);
});

test('a terminal of 80 columns has a bar beside the lines', async () => {
  const id = await begun();
  const command = `stty cols 80; "${process.execPath}" --import tsx "${MAIN}" logs -f ${id}`;
  const child = spawn('script', ['-qfec', command, '/dev/null'], { cwd: ROOT, env: environment() });
  const said = ended(child);
  ordersOf(id).give({ type: 'progress', done: 7 });
  let seen = '';
  await new Promise<void>((resolve) =>
    child.stdout.on('data', (text: Buffer | string) => {
      seen += String(text);
      if (seen.includes('7/?')) resolve();
    }),
  );
  ordersOf(id).give({ type: 'log', message: 'one' });
  succeed(id);
  const { out } = await said;
  expect(out).toContain('░'.repeat(24));
  expect(out).toMatch(/one\r?$/m);
});

test('a shell completes commands, options and words', async () => {
  const script = `waymark() { "${process.execPath}" --import tsx "${MAIN}" "$@"; }
    source <(waymark completion bash)
    for words in "l" "list --sta" "list --status S"; do
      COMP_WORDS=(waymark $words); COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); COMPREPLY=()
      _waymark; echo "\${COMPREPLY[@]}"
    done`;
  const { out, err } = await ended(
    spawn('bash', ['-c', script], { cwd: ROOT, env: environment() }),
  );
  expect({ out, err }).toEqual({ out: 'list logs\n--status\nSUCCEEDED\n', err: '' });
  for (const shell of ['zsh', 'fish', 'powershell'])
    expect((await waymark(['completion', shell])).out).toContain('waymark complete --');
  expect((await waymark(['completion', 'tcsh'])).code).toBe(2);
});
