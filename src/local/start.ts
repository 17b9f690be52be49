// PROCESS: everything on one machine.
import { createActivities } from '../activities/index.ts';
import { ConfigError } from '../process/config.ts';
import { runProcess } from '../process/run-process.ts';
import { untilAborted } from '../process/until-aborted.ts';
import * as tasks from '../workflows/index.ts';
import { workflowsOf } from '../worker/workflows-of.ts';
import { whenNpmIsGone } from './npm-parent.ts';
import { startLocal } from './start-local.ts';

await runProcess(null, async ({ config, logger, signal, fail, end }) => {
  if (config.startedByNpm) whenNpmIsGone(() => end('npm is gone'));
  const local = await startLocal({
    tasks,
    workflows: workflowsOf(config),
    activities: createActivities({ dataRoot: config.dataDir }),
    config,
    logger,
    report: (line) => console.log(line),
    signal,
  }).catch((error: unknown) => {
    if (signal.aborted) throw error;
    // Whoever typed the command reads this: a port that is taken needs no stack.
    logger.debug({ err: error }, 'Could not start');
    console.error(error instanceof Error ? error.message : String(error));
    return process.exit(error instanceof ConfigError ? 2 : 1);
  });
  local.ended.catch(fail);
  console.log(
    [
      '',
      `GraphQL          ${local.graphql}`,
      `GraphQL page     ${local.graphiql ?? 'switched off'}`,
      `Temporal Web UI  ${local.temporalUi ?? `of the Temporal at ${local.temporal}`}`,
      '',
    ].join('\n'),
  );
  await untilAborted(signal);
  await local.stop();
});
