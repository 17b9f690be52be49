// PROCESS: serves the API.
import { openEncryption } from '../process/open-encryption.ts';
import { openAudit } from '../process/open-audit.ts';
import { openLogin } from '../process/open-login.ts';
import { runProcess } from '../process/run-process.ts';
import { connectTemporal } from '../service/temporal/connect.ts';
import { ActivityRate } from '../service/activity-rate.ts';
import { TaskService } from '../service/task-service.ts';
import { untilAborted } from '../process/until-aborted.ts';
import * as tasks from '../workflows/index.ts';
import { runPage } from './graphiql/run-page.ts';
import { startGateway } from './start-gateway.ts';
import { backgroundTasks } from './webiny/background-tasks.ts';

await runProcess('gateway', async ({ config, logger, signal }) => {
  const encryption = await openEncryption(config);
  const audit = config.audit ? openAudit() : undefined;
  const login = await openLogin(config, logger, audit);
  const temporal = await connectTemporal(config.temporal, {
    signal,
    dataConverter: encryption,
    log: (level, message) => logger[level](message),
  });
  const { client, connection } = temporal;
  const {
    taskQueue,
    cursorSecret,
    visibilityRate,
    wholeNamespace,
    host,
    port,
    temporalUi,
    publicUrl,
    gateway,
  } = config;
  const service = new TaskService({
    client,
    connection,
    tasks,
    taskQueue,
    cursorSecret,
    visibilityRate,
    wholeNamespace,
    // Without it nobody knows under which name this gateway is reached.
    ...(publicUrl !== undefined && gateway.graphiql && { linkTo: (id) => runPage(publicUrl, id) }),
  });
  const activityRate = new ActivityRate({ client, taskQueue, log: logger });
  login.onActivityRate((perSecond) => void activityRate.set(perSecond));
  try {
    const { namespace } = config.temporal;
    const running = await startGateway({
      ...gateway,
      service,
      logger,
      host,
      port,
      authenticate: login.authenticate,
      tokens: login.tokens,
      budgets: login.budgets,
      addresses: login.addresses,
      encryption,
      audit,
      extensions: [backgroundTasks],
      webUi: temporalUi === undefined ? undefined : { address: temporalUi, namespace },
    });
    logger.info(`GraphQL at ${running.address}/graphql`);
    await untilAborted(signal);
    await running.stop();
  } finally {
    await activityRate.close();
    await service.close();
    await temporal.close();
    await login.close();
    audit?.close();
  }
});
