// A gateway whose standard output nobody reads: in a process of its own.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, openSync, writeSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import { expect, inject, onTestFinished, test } from 'vitest';
import { freePorts } from '../../src/local/ports.ts';
import { newApiKey } from '../../src/login/api-keys.ts';
import { eventually } from '../support/whole.ts';

const { key, hash } = newApiKey('ci');
const { O_NONBLOCK, O_RDWR, O_WRONLY } = constants;

async function makeFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'waymark-stdout-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const keys = [{ id: 'ci', hashes: [hash], roles: ['operator'] }];
  // All of the wrong credentials are looked at, and told.
  const limits = { address: { failures: { burst: 10_000, rate: 1000 } } };
  await writeFile(join(folder, 'auth.json'), JSON.stringify({ keys, limits }));
  return folder;
}

/** A pipe that takes nothing more, and the end that keeps it open. */
function fullPipe(folder: string): { readonly reader: number; readonly writer: number } {
  const pipe = join(folder, 'pipe');
  execFileSync('mkfifo', [pipe]);
  const reader = openSync(pipe, O_RDWR | O_NONBLOCK);
  try {
    for (;;) writeSync(reader, 'x'.repeat(512));
  } catch {
    // Full.
  }
  return { reader, writer: openSync(pipe, O_WRONLY) };
}

test.each(['that nobody reads', 'that is closed'])(
  'with an output %s it serves, and ends when it is asked to',
  async (how) => {
    const folder = await makeFolder();
    const { reader, writer } = fullPipe(folder);
    const [port = 0] = await freePorts([
      { variable: 'PORT', purpose: 'the gateway', host: '127.0.0.1', port: 0 },
    ]);
    const { PATH = '', HOME = '' } = process.env;
    const child = spawn(process.execPath, ['--import', 'tsx', 'src/api/server.ts'], {
      env: {
        PATH,
        HOME,
        PORT: String(port),
        TEMPORAL_ADDRESS: inject('temporal').address,
        WAYMARK_TASK_QUEUE: randomUUID(),
        WAYMARK_AUTH_FILE: join(folder, 'auth.json'),
        WAYMARK_LOG_LEVEL: 'debug',
      },
      stdio: ['ignore', writer, 'inherit'],
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    const exited = once(child, 'exit');
    closeSync(writer);
    if (how === 'that is closed') closeSync(reader);
    else onTestFinished(() => closeSync(reader));

    const ask = async (query: string, credential = key): Promise<any> => {
      const answer = await fetch(`http://127.0.0.1:${port}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${credential}` },
        body: JSON.stringify({ query }),
      });
      return { status: answer.status, body: await answer.json() };
    };
    await eventually(async () => expect((await ask('{ me { name } }')).status).toBe(200));
    for (let n = 0; n < 20; n++) {
      const { body } = await ask(
        'mutation { triggerTask(definition: "testingRun", input: {}) { __typename } }',
      );
      expect(body.data.triggerTask.__typename).toBe('TaskRunTriggered');
      expect((await ask('{ me { name } }', `wrong-${n}`)).status).toBe(401);
    }
    child.kill('SIGTERM');
    expect(await exited).toEqual([0, null]);
  },
);
