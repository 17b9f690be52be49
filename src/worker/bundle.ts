// PROCESS: writes the workflow bundle of our tasks to the file that is named, for WAYMARK_WORKFLOW_BUNDLE.
import { writeFile } from 'node:fs/promises';
import { bundleTasks } from './create-task-worker.ts';
import { toTemporalLogger } from '../process/logger.ts';
import { runProcess } from '../process/run-process.ts';
import { WORKFLOWS } from './workflows-of.ts';

await runProcess('bundle', async ({ logger }) => {
  const [, , file] = process.argv;
  if (file === undefined) throw new Error('Expected the file to write as the only argument.');
  const { code } = await bundleTasks({
    workflowsPath: WORKFLOWS,
    // The bundler reports every module at `info`.
    logger: toTemporalLogger(logger.child({}, { level: 'warn' })),
  });
  await writeFile(file, code);
  logger.info(`Wrote ${file}`);
});
