import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { temporalCli } from '../../../src/local/temporal-cli.ts';

const path = (name: string): string => fileURLToPath(new URL(`../../../${name}`, import.meta.url));

/** A process of ours, as its script starts it. */
export class Program {
  readonly #child: ChildProcess;
  readonly #exited: Promise<number | NodeJS.Signals | null>;
  #output = '';

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.#exited = once(child, 'exit').then(() => child.signalCode ?? child.exitCode);
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#output += text;
      });
  }

  /** In a process group of its own, with nothing of our environment that it would read. */
  static async start(file: string, env: Readonly<Record<string, string>>): Promise<Program> {
    const { PATH = '', HOME = '' } = process.env;
    const cli = await temporalCli(path('.waymark'), () => {});
    const program = new Program(
      spawn(process.execPath, ['--import', 'tsx', path(file)], {
        cwd: path('.'),
        env: { PATH, HOME, TEMPORAL_CLI: cli, ...FREE, ...env },
        stdio: ['ignore', 'pipe', 'pipe'],
        detached: true,
      }),
    );
    onTestFinished(() => program.signalGroup('SIGKILL'));
    return program;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get output(): string {
    return this.#output;
  }

  /** What the pattern's group caught, once the output has it. Rejects when the process ends first, or time is up. */
  async said(pattern: RegExp, limit = 90_000): Promise<string> {
    for (const deadline = Date.now() + limit; ; await sleep(50)) {
      const match = pattern.exec(this.#output);
      if (match) return match[1] ?? match[0];
      if (this.#child.exitCode !== null || Date.now() > deadline)
        throw new Error(`Expected ${pattern}, got:\n${this.#output}`);
    }
  }

  /** As Ctrl-C and a dying terminal do it. */
  signalGroup(signal: NodeJS.Signals): void {
    try {
      if (this.#child.pid !== undefined) process.kill(-this.#child.pid, signal);
    } catch {
      // Nobody of the group is left.
    }
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Exit code or signal. */
  exited(): Promise<number | NodeJS.Signals | null> {
    return this.#exited;
  }
}

const FREE = { PORT: '0', TEMPORAL_PORT: '0', TEMPORAL_UI_PORT: '0' };

/** Data of an answer; rejects with the errors of one that has any. */
export async function ask<T>(url: string, query: string, variables: object = {}): Promise<T> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables }),
  });
  const { data, errors } = (await response.json()) as { data: T; errors?: unknown };
  if (errors) throw new Error(JSON.stringify(errors));
  return data;
}

export interface AskedTask {
  readonly taskStatus: string;
  readonly output: unknown;
}

export async function trigger(url: string, definition: string, input: object): Promise<string> {
  const { backgroundTasks } = await ask<any>(
    url,
    `mutation ($input: JSON) { backgroundTasks { triggerTask(definition: ${definition}, input: $input) { data { id } error { message } } } }`,
    { input },
  );
  const { data, error } = backgroundTasks.triggerTask;
  if (error) throw new Error(error.message);
  return data.id;
}

export async function getTask(url: string, id: string): Promise<AskedTask> {
  const { backgroundTasks } = await ask<any>(
    url,
    'query ($id: ID!) { backgroundTasks { getTask(id: $id) { data { taskStatus output } } } }',
    { id },
  );
  return backgroundTasks.getTask.data;
}

/** The run once it is closed. */
export async function finished(url: string, id: string, limit = 90_000): Promise<AskedTask> {
  for (const deadline = Date.now() + limit; ; await sleep(100)) {
    const task = await getTask(url, id);
    if (!['pending', 'running'].includes(task.taskStatus)) return task;
    if (Date.now() > deadline) throw new Error(`Expected ${id} to end, got ${task.taskStatus}`);
  }
}

/** Messages of a run's log, in order. */
export async function messages(url: string, id: string): Promise<string[]> {
  const { backgroundTasks } = await ask<any>(
    url,
    'query ($id: String) { backgroundTasks { listLogs(where: { task: $id }) { data { items { message } } error { message } } } }',
    { id },
  );
  return backgroundTasks.listLogs.data.flatMap((record: any) =>
    record.items.map((item: any) => item.message),
  );
}
