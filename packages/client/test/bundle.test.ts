// What an app gets that has the client alone.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'vite';
import { afterAll, beforeAll, expect, test } from 'vitest';

let folder: string;
beforeAll(async () => {
  // Inside the project: its files find the project's packages.
  folder = await mkdtemp(join(fileURLToPath(new URL('.', import.meta.url)), '.bundle-'));
});
afterAll(() => rm(folder, { recursive: true }));

interface Bundled {
  readonly code: string;
  readonly modules: readonly string[];
}

async function bundle(app: string): Promise<Bundled> {
  await writeFile(join(folder, 'app.ts'), app);
  const built = await build({
    configFile: false,
    logLevel: 'silent',
    root: folder,
    build: { write: false, target: 'es2022', rolldownOptions: { input: join(folder, 'app.ts') } },
  });
  const chunks = [built].flat().flatMap((one) => ('output' in one ? one.output : []));
  const scripts = chunks.flatMap((one) => (one.type === 'chunk' ? [one] : []));
  return {
    code: scripts.map(({ code }) => code).join('\n'),
    modules: scripts.flatMap(({ moduleIds }) => moduleIds),
  };
}

test('an app with the client alone is small, and has nothing of Node, GraphQL, Temporal or its tasks', async () => {
  const { code, modules } = await bundle(`
    import { TasksClient } from '../../src/page.ts';
    import type * as tasks from '../../../../src/workflows/index.ts';
    const client = new TasksClient<typeof tasks>({ url: '/graphql' });
    const run = await client.trigger({ definition: 'testingRun', input: {} });
    for await (const { progress } of client.watch(run.id)) console.log(progress);
  `);
  const ours = /\/packages\/client\/src\/|\/src\/(?:contract|tools)\/|\/\.bundle-[^/]+\/app\.ts$/;
  // What the bundler itself adds begins with a NUL.
  expect(modules.filter((id) => !ours.test(id) && !id.startsWith('\0'))).toEqual([]);
  expect(/\b(?:require|process|Buffer)\b|["'`]node:/.exec(code)?.[0]).toBeUndefined();
  expect(gzipSync(code, { level: 9 }).length).toBeLessThanOrEqual(8 * 1024);
});
