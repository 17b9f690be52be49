import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DefaultLogger } from '@temporalio/worker';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bundleTasks } from '../src/worker/create-task-worker.ts';

const at = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url));
const logger = new DefaultLogger('ERROR', () => undefined);

let folder: string;
beforeAll(async () => {
  // Inside the project: its files find the project's packages.
  folder = await mkdtemp(join(at('test'), '.bundle-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function bundle(name: string, code: string): Promise<string> {
  const path = join(folder, `${name}.ts`);
  await writeFile(path, code);
  return (await bundleTasks({ workflowsPath: path, logger })).code;
}

test('the sandbox holds workflow code, the contract and zod, and nothing of Node or the client', async () => {
  const { code } = await bundleTasks({ workflowsPath: at('src/workflows/index.ts'), logger });
  const modules = new Set(code.match(/(?<=^\/\*{3}\/ ")\.\/[^"]+(?="$)/gm));
  const ours = [...modules].filter((module) => module.startsWith('./src/'));
  expect(
    ours.filter(
      (module) => !/^\.\/src\/(?:(?:workflows|contract|tools)\/|encryption\/sandbox-)/.test(module),
    ),
  ).toEqual([]);
  expect(ours).toContain('./src/workflows/interceptors.ts');
  const packages = new Set(
    [...modules].flatMap((module) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(module)?.[1] ?? []),
  );
  expect([...packages].toSorted()).toEqual([
    '@temporalio/common',
    '@temporalio/workflow',
    'long',
    'ms',
    'nexus-rpc',
    'zod',
  ]);
});

test('zod is loaded once for all runs', async () => {
  const { code } = await bundleTasks({ workflowsPath: at('src/workflows/index.ts'), logger });
  expect(code).toMatch(/preloadModules\(\) \{\s*__webpack_require__\(.*preload\.ts/);
});

test('a task that reaches for Node is refused', async () => {
  const path = join(folder, 'reaches.ts');
  await writeFile(
    path,
    `import { readFile } from 'node:fs/promises';
     import { z } from 'zod';
     import { defineTask } from '../../src/workflows/define-task.ts';
     export const reaches = defineTask({
       id: 'reaches', title: 'Reaches', input: z.object({}), run: () => readFile('x'),
     });`,
  );
  const said: string[] = [];
  const listener = new DefaultLogger('ERROR', ({ message }) => said.push(message));
  await expect(bundleTasks({ workflowsPath: path, logger: listener })).rejects.toThrow(
    'Webpack finished with errors',
  );
  expect(said.join()).toContain('fs');
});

test('a task under another name than its id is refused before anything runs', async () => {
  await expect(
    bundle(
      'renamed',
      `import { z } from 'zod';
       import { defineTask } from '../../src/workflows/define-task.ts';
       export const other = defineTask({ id: 'renamed', title: 'Renamed', input: z.object({}), run: () => null });`,
    ),
  ).rejects.toThrow('"renamed" to be exported under its id, got `other`');
});

test('making a bundle says nothing of itself', async () => {
  const code = `const { bundleTasks } = await import('./src/exports/worker.ts');
    await bundleTasks({ workflowsPath: new URL('./src/workflows/index.ts', 'file://${at('')}') });`;
  const { stdout, stderr } = await promisify(execFile)(
    process.execPath,
    ['--import', 'tsx', '--input-type=module', '-e', code],
    { cwd: at('') },
  );
  expect(stdout + stderr).toBe('');
});
