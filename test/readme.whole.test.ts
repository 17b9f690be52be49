// The way of a newcomer: a copy of the project, with what the README says put into it, is compiled, started and asked.
import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { parse } from 'graphql';
import type { OperationDefinitionNode } from 'graphql';
import { createClient } from 'graphql-ws';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { WebSocket } from 'ws';
import { ANY_RUN, examplesFor } from '../src/api/graphiql/examples.ts';
import { temporalCli } from '../src/local/temporal-cli.ts';
import { eventually } from './support/whole.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const README = await readFile(join(ROOT, 'README.md'), 'utf8');
const WEBINY = await readFile(join(ROOT, 'docs/webiny.md'), 'utf8');
/** Inside the project: its files find the project's packages. */
const copy = join(ROOT, `.waymark/test/readme-${randomUUID()}`);
const taskQueue = `test-${randomUUID()}`;

const blocksOf = (language: string, page = README): readonly string[] =>
  [...page.matchAll(new RegExp(`\`\`\`${language}\\n(.*?)\`\`\``, 'gs'))].map(
    ([, text = '']) => text,
  );
const documents = new Map(
  [README, WEBINY].flatMap((page) =>
    blocksOf('graphql', page).map((text) => [nameOf(text), text] as const),
  ),
);
const [fromCode = '', testKit = ''] = blocksOf('ts').filter((text) => text.includes("'waymark"));

let started: ChildProcess;
let output = '';
let http: string;

beforeAll(async () => {
  await followReadme();
  started = spawn(process.execPath, ['--import', 'tsx', join(copy, 'src/local/start.ts')], {
    cwd: ROOT,
    env: environment({
      PORT: '0',
      WAYMARK_DATA_DIR: join(copy, 'data'),
      TEMPORAL_ADDRESS: inject('temporal').address,
      WAYMARK_TASK_QUEUE: taskQueue,
    }),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  started.stdout?.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  http = await eventually(
    () => {
      const [, url] = /^GraphQL +(http\S+)$/m.exec(output) ?? [];
      if (url === undefined) throw new Error(`Expected an address of GraphQL, got:\n${output}`);
      return url;
    },
    { within: 90_000 },
  );
});
afterAll(async () => {
  const ended = once(started, 'exit');
  started.kill('SIGTERM');
  await ended;
  await rm(copy, { recursive: true });
});

/** Saves the two files under their names, and adds to the two lists what the text says. */
async function followReadme(): Promise<void> {
  await mkdir(copy, { recursive: true });
  await cp(join(ROOT, 'src'), join(copy, 'src'), { recursive: true });
  for (const [, path = '', text = ''] of README.matchAll(
    /`(src\/[^`]+)`:\n\n```ts\n(import .*?)```/gs,
  ))
    await writeFile(join(copy, path), text);
  const [, line = ''] = /^(export \{ sayHello \}.+)$/m.exec(README) ?? [];
  const [, imported = '', entry = ''] = /^(import \{ (greetOften) \}.+)$/m.exec(README) ?? [];
  await edit('src/workflows/index.ts', (text) => `${text}${line}\n`);
  await edit('src/activities/index.ts', (text) =>
    `${imported}\n${text}`.replace(/^ {2}logInput,$/m, `$& ${entry},`),
  );

  await mkdir(join(copy, 'app'));
  await writeFile(join(copy, 'app/tasks.ts'), `export * from '../src/workflows/index.ts';\n`);
  await writeFile(join(copy, 'app/from-code.ts'), fromCode);
  await writeFile(
    join(copy, 'app/test-kit.ts'),
    `import { greetOften } from '../src/activities/greet-often.ts';\n${testKit}
     console.log(JSON.stringify(stopped));\n`,
  );
  const config = {
    extends: '../../../tsconfig.json',
    compilerOptions: {
      noUnusedLocals: false,
      paths: {
        waymark: ['./src/exports/index.ts'],
        'waymark/*': ['./src/exports/*.ts'],
      },
    },
    include: ['app', 'src/workflows/index.ts', 'src/activities/index.ts'],
  };
  await writeFile(join(copy, 'tsconfig.json'), JSON.stringify(config));
}

async function edit(path: string, change: (text: string) => string): Promise<void> {
  const file = join(copy, path);
  const text = await readFile(file, 'utf8');
  const changed = change(text);
  expect(changed).not.toBe(text);
  await writeFile(file, changed);
}

/** Nothing of ours that a program would read. */
function environment(more: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const { PATH = '', HOME = '' } = process.env;
  return { PATH, HOME, ...more };
}

async function runApp(file: string): Promise<string> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--import', 'tsx', join(copy, 'app', file)],
    { cwd: copy, env: environment({}), timeout: 60_000 },
  );
  return stdout;
}

function nameOf(text: string): string {
  return (parse(text).definitions[0] as OperationDefinitionNode).name?.value ?? '';
}

/** A document of the README, changed only where its text says so. */
function documentOf(name: string, ...changes: readonly (readonly [string, string])[]): string {
  let text = documents.get(name) ?? '';
  for (const [written, meant] of changes) {
    expect(text).toContain(written);
    text = text.replace(written, meant);
  }
  return text;
}

async function ask(query: string, variables: object = {}): Promise<any> {
  const response = await fetch(http, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables }),
  });
  const { data, errors } = (await response.json()) as { data: unknown; errors?: unknown };
  expect(errors).toBeUndefined();
  return data;
}

/** Follows a run's log to its end, as the README does. */
async function follow(id: string): Promise<readonly any[]> {
  const client = createClient({
    url: http.replace('http', 'ws'),
    webSocketImpl: WebSocket,
    retryAttempts: 0,
  });
  const events = [];
  for await (const { data, errors } of client.iterate<any>({
    query: documentOf('Follow'),
    variables: { id },
  })) {
    expect(errors).toBeUndefined();
    events.push(data?.taskRunLog);
  }
  return events;
}
const messagesOf = (events: readonly any[]): readonly string[] =>
  events.flatMap(({ message }) => message ?? []);

/** As the tutorial triggers it: long enough for a person to follow and abort. */
async function sayHello(times = '120'): Promise<string> {
  const { triggerTask } = await ask(documentOf('Trigger', ['times: 120', `times: ${times}`]));
  expect(triggerTask).toEqual({
    __typename: 'TaskRunTriggered',
    run: { id: expect.any(String), status: 'PENDING' },
  });
  return triggerTask.run.id;
}

test('the code of the README compiles in its place', async () => {
  const tsc = join(ROOT, 'node_modules/.bin/tsc');
  const said = await promisify(execFile)(tsc, ['-p', copy]).then(
    () => '',
    ({ stdout }: { stdout: string }) => stdout,
  );
  expect(said).toBe('');
});

const labels = (text: string): readonly string[] | null =>
  text.match(/^(?:GraphQL page|GraphQL|Temporal Web UI)(?= {2,})/gm);

test('it prints the three addresses, and the page is there', async () => {
  const [printed = ''] = README.match(/(?<=^```\n)GraphQL.*?(?=^```)/ms) ?? [];
  expect(labels(printed)).toHaveLength(3);
  expect(labels(output)).toEqual(labels(printed));
  expect((await fetch(http.replace(/graphql$/, 'graphiql'))).status).toBe(200);
});

/** A tab of the page, as it is, after this run was triggered in the tab before it. */
function tabOf(name: string, run: string): string {
  const tab = examplesFor([], new Date()).find((example) => example.name === name);
  expect(README).toContain(`_${name}_`);
  return tab?.query.replaceAll(ANY_RUN, run) ?? '';
}

describe('the tutorial', () => {
  test('triggers, reads its log and aborts it, with nothing to fill in', async () => {
    const id = await sayHello();
    const following = follow(id);
    await eventually(async () => {
      const { taskRun } = await ask(tabOf('Read its log', id));
      expect(messagesOf(taskRun.log.lines)).toContain('Hello, Ann!');
    });
    expect(await ask(tabOf('Abort', id))).toMatchObject({
      abortTaskRun: { __typename: 'TaskRunAborting', run: { id, status: 'ABORTING' } },
    });
    expect((await following).at(-1)).toEqual({ status: 'ABORTED', dropped: 0 });
  });

  test('gives a person minutes to follow and abort the run', () => {
    const [, times] = /times: (\d+)/.exec(documentOf('Trigger')) ?? [];
    const [, pause] = /await sleep\((\d+),/.exec(README) ?? [];
    expect(Number(times) * Number(pause)).toBeGreaterThanOrEqual(120_000);
  });

  test('follows the new task to its end', async () => {
    const events = await follow(await sayHello('2'));
    expect(messagesOf(events).filter((message) => message === 'Hello, Ann!')).toHaveLength(2);
    expect(events.find(({ message }) => message === 'Hello, Ann!')).toMatchObject({
      time: expect.any(String),
      level: 'INFO',
      step: 'greetOften',
      cursor: expect.any(String),
    });
    expect(events.at(-1)).toEqual({ status: 'SUCCEEDED', dropped: 0 });
  });

  test('has a mutation of the new task, with types', async () => {
    const typed =
      'mutation ($input: SayHelloInput!) { triggerSayHello(input: $input) { __typename ... on InvalidInput { issues { path } } } }';
    expect(await ask(typed, { input: { name: 'Ann', times: 1 } })).toEqual({
      triggerSayHello: { __typename: 'TaskRunTriggered' },
    });
    expect(await ask(typed, { input: { name: '' } })).toEqual({
      triggerSayHello: { __typename: 'InvalidInput', issues: [{ path: ['name'] }] },
    });
  });

  test('aborts it with a reason while it is followed, and says so of one that has ended', async () => {
    const id = await sayHello();
    const following = follow(id);
    await eventually(async () => {
      const { taskRun } = await ask(`{ taskRun(id: "${id}") { progress { done } } }`);
      expect(taskRun.progress.done).toBeGreaterThan(0);
    });
    expect(await ask(documentOf('Abort'), { id })).toEqual({
      abortTaskRun: { __typename: 'TaskRunAborting', graceEndsAt: expect.any(String) },
    });
    const events = await following;
    expect(events.at(-1)).toEqual({ status: 'ABORTED', dropped: 0 });
    expect(messagesOf(events).join('\n')).toContain('Wrong name');
    expect(await ask(`{ taskRun(id: "${id}") { abort { by reason mode } } }`)).toEqual({
      taskRun: { abort: { by: 'anonymous', reason: 'Wrong name', mode: 'GRACEFUL' } },
    });
    expect(await ask(documentOf('Abort'), { id })).toMatchObject({
      abortTaskRun: { __typename: 'AlreadyFinished', run: { status: 'ABORTED' } },
    });
  });
});

test('the runs that failed are listed with why, and those that do not move', async () => {
  const trigger = async (definition: string, options: string): Promise<string> =>
    (
      await ask(
        `mutation { triggerTask(definition: "${definition}", input: { folder: "missing" }, options: ${options}) { ... on TaskRunTriggered { run { id } } } }`,
      )
    ).triggerTask.run.id;
  const failing = await trigger('checksumFiles', '{ name: "No such folder" }');
  const waiting = await trigger('testingRun', '{ name: "Later", delay: 3600 }');
  await follow(failing);
  await eventually(async () => {
    const since = new Date(Date.now() - 86_400_000).toISOString();
    const { taskRuns, open } = await ask(documentOf('Failed'), { since });
    expect(taskRuns.nodes).toContainEqual({
      id: failing,
      name: 'No such folder',
      finishedAt: expect.any(String),
      error: {
        code: expect.any(String),
        message: expect.stringContaining('missing'),
        step: 'checksumFolder',
        attempt: 1,
      },
    });
    expect(open.nodes).toContainEqual({
      id: waiting,
      name: 'Later',
      progress: null,
      diagnosis: {
        code: 'DELAYED',
        message: expect.any(String),
        since: expect.any(String),
        action: expect.any(String),
      },
    });
  });
  await ask(documentOf('Abort'), { id: waiting });
});

/** Answers of the compatibility namespace. */
const call = async (...request: Parameters<typeof documentOf>): Promise<any> =>
  (await ask(documentOf(...request))).backgroundTasks;

describe('the compatibility namespace', () => {
  test('lists definitions', async () => {
    const { listDefinitions } = await call('ListTaskDefinitions');
    expect(listDefinitions.error).toBeNull();
    expect(listDefinitions.data.map(({ id }: { id: string }) => id)).toEqual([
      'testingRun',
      'checksumFiles',
      'sayHello',
    ]);
  });

  test('triggers a task, lists it and shows its log', async () => {
    const { triggerTask } = await call('TriggerATask');
    expect(triggerTask).toMatchObject({
      data: {
        definitionId: 'testingRun',
        input: {
          someVariableForTestingRunTaskToReceive: 'someValue',
          yetAnotherVariableForTestingRunTaskToReceive: 'anotherValue',
        },
      },
      error: null,
    });
    const { id } = triggerTask.data;
    await follow(id);
    await eventually(async () => {
      const { listTasks } = await call('ListTasks');
      expect(listTasks.error).toBeNull();
      expect(listTasks.data.find((task: { id: string }) => task.id === id)).toMatchObject({
        taskStatus: 'success',
        output: { message: 'Task successfully finished.' },
      });
    });
    const { listLogs } = await call('ListBackgroundTaskLogs', ['yourTaskId', id]);
    expect(listLogs.data).toHaveLength(1);
    expect(listLogs.data[0]).toMatchObject({ iteration: 1 });
    expect(listLogs.data[0].items.length).toBeGreaterThan(1);
  });

  test('aborts a task', async () => {
    const id = await sayHello();
    const { abortTask } = await call('AbortATask', ['yourTaskId', id]);
    expect(abortTask).toMatchObject({
      data: { id, definitionId: 'sayHello', name: 'First run', input: { name: 'Ann', times: 120 } },
      error: null,
    });
    expect((await follow(id)).at(-1)).toEqual({ status: 'ABORTED', dropped: 0 });
  });
});

test('a run that the `temporal` command started is a run like any other', async () => {
  const id = `by-hand-${randomUUID()}`;
  const cli = await temporalCli(join(ROOT, '.waymark'), () => {});
  const { address } = inject('temporal');
  await promisify(execFile)(
    cli,
    ['workflow', 'start', '--type', 'sayHello', '--input', '{"name":"Zoe","times":1}'].concat([
      '--task-queue',
      taskQueue,
      '--workflow-id',
      id,
      '--address',
      address,
    ]),
  );
  const events = await follow(id);
  expect(messagesOf(events)).toContain('Hello, Zoe!');
  expect(events.at(-1)).toEqual({ status: 'SUCCEEDED', dropped: 0 });
  const { taskRun } = await ask(`{ taskRun(id: "${id}") { name definition { id } input } }`);
  expect(taskRun).toEqual({
    name: 'Say hello',
    definition: { id: 'sayHello' },
    input: { name: 'Zoe', times: 1 },
  });
});

describe('from code', () => {
  test('a run is triggered, followed and aborted', async () => {
    await edit('app/from-code.ts', (text) =>
      [
        ['127.0.0.1:7233', inject('temporal').address],
        [`taskQueue: 'waymark'`, `taskQueue: '${taskQueue}'`],
        ['greetings-2026-11', randomUUID()],
        ['delay: 30', 'delay: 1'],
      ].reduce((changed, [written = '', meant = '']) => {
        expect(changed).toContain(written);
        return changed.replace(written, meant);
      }, `${text}\nawait service.close();\nawait temporal.close();\n`),
    );
    const said = await runApp('from-code.ts');
    expect(said.split('\n')).toEqual(expect.arrayContaining(['Hello, Ann!']));
  });

  test('an activity is tried without a server', async () => {
    const stopped = JSON.parse(await runApp('test-kit.ts'));
    const [, state] = /state; \/\/ (\d+)/.exec(testKit) ?? [];
    expect(stopped.aborted).toBe(true);
    expect(stopped.checkpoints.at(-1).state).toBe(Number(state));
  });
});

test('every document of the README, and of the page about compatibility, is proved here', () => {
  expect([...documents.keys()]).toEqual([
    'Trigger',
    'Follow',
    'Abort',
    'Failed',
    'ListTaskDefinitions',
    'TriggerATask',
    'ListTasks',
    'ListBackgroundTaskLogs',
    'AbortATask',
  ]);
  expect(blocksOf('ts')).toHaveLength(6);
});
