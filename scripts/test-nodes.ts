// Runs the tests on each line of Node that is told to work:
//   npm run test:nodes [-- test files; without any, all unit tests and the whole ones that say the most]
// Fetches Node's programs from npm's registry once, 50 MB each, into .waymark/nodes.
import { spawn } from 'node:child_process';
import { delimiter } from 'node:path';
import { nodeOf } from './node-of.ts';

/** The floor on which the project itself is still developed, and what the package promises. */
const LINES = ['20', '22', '24'];
const PROOF = [
  'test/workflows/tasks.whole.test.ts',
  'test/api/graphql.whole.test.ts',
  'test/local/start.whole.test.ts',
  'test/package.whole.test.ts',
];

const given = process.argv.slice(2);
const runs =
  given.length > 0
    ? [given]
    : [
        ['--project', 'unit'],
        ['--project', 'whole', ...PROOF],
      ];
const failed: string[] = [];
for (const line of LINES) {
  const bin = await nodeOf(line);
  const env = { ...process.env, PATH: `${bin}${delimiter}${process.env['PATH'] ?? ''}` };
  await node(['--version'], env);
  for (const args of runs)
    if ((await node(['node_modules/vitest/vitest.mjs', 'run', ...args], env)) !== 0)
      failed.push(`Node ${line}: ${args.join(' ')}`);
}
if (failed.length > 0) throw new Error(`Failed on:\n${failed.join('\n')}`);

function node(args: readonly string[], env: NodeJS.ProcessEnv): Promise<number | null> {
  const child = spawn('node', args, { env, stdio: 'inherit' });
  return new Promise((resolve, reject) => child.once('error', reject).once('exit', resolve));
}
