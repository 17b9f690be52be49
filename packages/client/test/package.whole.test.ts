// The package as it is published: packed, installed elsewhere, and used.
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { begunRun, fakeTasks, serve } from './support.ts';

const MINUTES = 60_000;
const PACKAGE = fileURLToPath(new URL('..', import.meta.url));
const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const execute = promisify(execFile);

let project: string;
let packed: readonly string[];
beforeAll(async () => {
  project = await mkdtemp(join(tmpdir(), 'waymark-client-'));
  const { stdout } = await execute('npm', ['pack', '--json', '--pack-destination', project], {
    cwd: PACKAGE,
  });
  const [tarball] = JSON.parse(stdout.slice(stdout.search(/^\[/m))) as [
    { readonly filename: string; readonly files: readonly { readonly path: string }[] },
  ];
  packed = tarball.files.map(({ path }) => path);
  await writeFile(join(project, 'package.json'), '{"private":true,"type":"module"}');
  await execute('npm', ['install', '--no-audit', '--no-fund', tarball.filename], { cwd: project });
}, 5 * MINUTES);
afterAll(() => rm(project, { recursive: true }));

test('holds what is built, and brings no other package', async () => {
  expect(packed.filter((path) => !path.startsWith('dist/'))).toEqual(['README.md', 'package.json']);
  const { stdout } = await execute('npm', ['ls', '--all', '--parseable'], { cwd: project });
  expect(stdout.trim().split('\n')).toHaveLength(2);
});

test('its client compiles and runs in Node', { timeout: 2 * MINUTES }, async () => {
  const service = fakeTasks();
  const id = await begunRun(service);
  service.succeed(id, { pages: 3 });
  const { address } = await serve(service);
  const program = `
    import { TasksClient } from '@waymark/client';
    const client = new TasksClient({ url: '${address}/graphql' });
    const output: unknown = await client.result('${id}');
    console.log(JSON.stringify(output));
    client.close();`;
  await writeFile(join(project, 'app.mts'), program);
  const compile = ['--module', 'nodenext', '--lib', 'es2023,dom', '--strict', '--skipLibCheck'];
  await execute(join(ROOT, 'node_modules/.bin/tsc'), [...compile, 'app.mts'], { cwd: project });
  const { stdout } = await execute(process.execPath, ['app.mjs'], { cwd: project });
  expect(stdout).toBe('{"pages":3}\n');
});

test('its command runs', async () => {
  const service = fakeTasks();
  const id = await begunRun(service);
  const { address } = await serve(service);
  const command = join(project, 'node_modules/.bin/waymark');
  const { stdout } = await execute(command, ['list', '--url', address, '--json'], { cwd: project });
  expect(JSON.parse(stdout)).toMatchObject({ id, status: 'RUNNING' });
});
