import { createHash, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, readdir, rename, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { DefaultLogger } from '@temporalio/worker';
import { bundleTasks } from '../../src/worker/create-task-worker.ts';

const at = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));

/** File with the bundle of the test definitions: made once for each state of the code, whoever asks first. */
export async function bundleOfTests(): Promise<string> {
  const file = at(`.waymark/test/workflows-${await fingerprint()}.js`);
  if (existsSync(file)) return file;
  const { code } = await bundleTasks({
    workflowsPath: at('test/support/tasks/workflows.ts'),
    logger: new DefaultLogger('ERROR'),
  });
  await mkdir(at('.waymark/test'), { recursive: true });
  // Two files of tests may make it at once: each moves its own into place.
  const draft = `${file}.${randomUUID()}`;
  await writeFile(draft, code);
  await rename(draft, file);
  return file;
}

async function fingerprint(): Promise<string> {
  const hash = createHash('sha256');
  for (const folder of [
    'src/workflows',
    'src/encryption',
    'src/contract',
    'src/tools',
    'test/support/tasks',
  ])
    for (const entry of await readdir(at(folder), { recursive: true, withFileTypes: true }))
      if (entry.isFile()) hash.update(await readFile(`${entry.parentPath}/${entry.name}`));
  hash.update(await readFile(at('package-lock.json')));
  return hash.digest('hex').slice(0, 16);
}
