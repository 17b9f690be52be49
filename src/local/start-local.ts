import { runPage } from '../api/graphiql/run-page.ts';
import { startGateway } from '../api/start-gateway.ts';
import { backgroundTasks } from '../api/webiny/background-tasks.ts';
import { Closing } from '../process/closing.ts';
import { type Config, loadConfig, type TemporalConfig } from '../process/config.ts';
import type { TaskModule } from '../contract/task-definition.ts';
import { installRuntime } from '../worker/install-runtime.ts';
import { openEncryption } from '../process/open-encryption.ts';
import { openAudit } from '../process/open-audit.ts';
import { openLogin } from '../process/open-login.ts';
import { makeFolder } from '../process/make-folder.ts';
import { createLogger, type Logger } from '../process/logger.ts';
import { connectTemporal } from '../service/temporal/connect.ts';
import { ActivityRate } from '../service/activity-rate.ts';
import { TaskService } from '../service/task-service.ts';
import { untilAborted } from '../process/until-aborted.ts';
import { startWorker } from '../worker/start-worker.ts';
import { toBundle, type Workflows } from '../worker/to-bundle.ts';
import { startLocalTemporal, stopLeftBehind } from './local-temporal.ts';
import { freePorts } from './ports.ts';
import { lockState } from './state-lock.ts';

export interface StartLocalOptions {
  /** The module that exports every task. */
  readonly tasks: TaskModule;
  /** The same as a file, or bundled: the worker runs it in a sandbox of its own. */
  readonly workflows: Workflows;
  readonly activities: object;
  readonly config?: Config;
  readonly logger?: Logger;
  /** Told what takes time, a sentence each. */
  readonly report?: (line: string) => void;
  /** Gives up on the way up. */
  readonly signal?: AbortSignal;
}

export interface Local {
  readonly graphql: string;
  /** Null when the page is switched off. */
  readonly graphiql: string | null;
  /** Null when Temporal runs elsewhere and nobody said where its Web UI is. */
  readonly temporalUi: string | null;
  /** `host:port` of Temporal. */
  readonly temporal: string;
  /** Rejects when a part ends that nobody asked to end. */
  readonly ended: Promise<never>;
  /** Gateway, then worker, then Temporal. Resolves when nothing is left. */
  readonly stop: () => Promise<void>;
}

/**
 * Runs everything on this machine: worker and gateway in this process, and Temporal's dev server beside it. If the
 * configuration names a Temporal, that one is used and nothing is embedded. Resolves when it serves.
 */
export async function startLocal({
  tasks,
  workflows,
  activities,
  config = loadConfig(),
  logger = createLogger({ level: config.logLevel }),
  report = () => {},
  signal,
}: StartLocalOptions): Promise<Local> {
  const closing = new Closing(logger);
  const died = new AbortController();
  const watch = (part: Promise<string>): void => {
    part.then(
      (how) => closing.begun || died.abort(new Error(how)),
      (error: unknown) => closing.begun || died.abort(error),
    );
  };
  // Without its server the way up would be an endless wait.
  const over = AbortSignal.any([died.signal, ...(signal ? [signal] : [])]);
  try {
    const encryption = await openEncryption(config);
    const audit = config.audit ? openAudit() : undefined;
    closing.add('audit', async () => audit?.close());
    const login = await openLogin(config, logger.child({ component: 'gateway' }), audit);
    closing.add('login', login.close);
    installRuntime(logger);
    await makeFolder('WAYMARK_DATA_DIR', config.dataDir);
    // Beside the server's start: either takes seconds.
    const bundle = toBundle(workflows, logger);
    bundle.catch(() => {});
    const place = await (config.temporal.external
      ? elsewhere(config)
      : embedded(config, { closing, watch, report }));
    over.throwIfAborted();
    const { temporal } = place;

    const connected = await connectTemporal(temporal, {
      log: (level, message) => logger[level](message),
      signal: over,
      dataConverter: encryption,
    });
    closing.add('connection to Temporal', connected.close);

    const worker = await startWorker({
      temporal,
      taskQueue: config.taskQueue,
      workflows: await bundle,
      activities,
      logger: logger.child({ component: 'worker' }),
      dataConverter: encryption,
    });
    closing.add('worker', worker.stop);
    watch(worker.ended.then(() => 'The worker ended'));
    over.throwIfAborted();

    let origin = '';
    const service = new TaskService({
      client: connected.client,
      connection: connected.connection,
      tasks,
      taskQueue: config.taskQueue,
      cursorSecret: config.cursorSecret,
      visibilityRate: config.visibilityRate ?? place.visibilityRate,
      wholeNamespace: config.wholeNamespace,
      ...(config.gateway.graphiql && {
        linkTo: (id) => runPage(config.publicUrl ?? origin, id),
      }),
    });
    closing.add('service', () => service.close());
    const activityRate = new ActivityRate({
      client: connected.client,
      taskQueue: config.taskQueue,
      log: logger,
    });
    closing.add('rate of activities', () => activityRate.close());
    login.onActivityRate((perSecond) => void activityRate.set(perSecond));
    const { host } = config;
    const { port, temporalUi } = place;
    const { address, stop } = await startGateway({
      ...config.gateway,
      service,
      logger: logger.child({ component: 'gateway' }),
      host,
      port,
      authenticate: login.authenticate,
      tokens: login.tokens,
      budgets: login.budgets,
      addresses: login.addresses,
      encryption,
      audit,
      extensions: [backgroundTasks],
      ...(temporalUi !== null && {
        webUi: { address: temporalUi, namespace: temporal.namespace },
      }),
    });
    origin = address;
    closing.add('gateway', stop);
    // The first step of the way down.
    closing.add('lock', place.ending);
    return {
      graphql: `${origin}/graphql`,
      graphiql: config.gateway.graphiql ? `${origin}/graphiql` : null,
      temporalUi,
      temporal: temporal.address,
      ended: rejectionOf(died.signal),
      stop: () => closing.close(),
    };
  } catch (error) {
    await closing.close();
    throw error;
  }
}

/** Where Temporal is, and what follows from it. */
interface Place {
  readonly temporal: Pick<TemporalConfig, 'address' | 'namespace' | 'connection'>;
  readonly temporalUi: string | null;
  /** Where the gateway listens. */
  readonly port: number;
  readonly visibilityRate: number | undefined;
  /** Tells a next start that this one is about to leave. */
  readonly ending: () => Promise<void>;
}

/** Below the dev server's limit of 100 a second. */
const DEV_SERVER_RATE = 80;
const LOOPBACK = '127.0.0.1';

async function elsewhere({ temporal, temporalUi, ...config }: Config): Promise<Place> {
  const [port = config.port] = await freePorts([gatewayPort(config)]);
  return {
    temporal,
    temporalUi: temporalUi ?? null,
    port,
    visibilityRate: undefined,
    ending: async () => {},
  };
}

async function embedded(
  config: Config,
  {
    closing,
    watch,
    report,
  }: {
    readonly closing: Closing;
    readonly watch: (part: Promise<string>) => void;
    readonly report: (line: string) => void;
  },
): Promise<Place> {
  const { stateDir: folder, local } = config;
  const { namespace } = config.temporal;
  await makeFolder('WAYMARK_STATE_DIR', folder);
  const lock = await lockState(folder, { report });
  closing.add('lock', lock.release);
  // Before a look at the ports: it may hold them.
  await stopLeftBehind(folder, report);
  const purpose = "Temporal's server";
  const [port = 0, temporalPort = 0, temporalUiPort = 0] = await freePorts([
    gatewayPort(config),
    { variable: 'TEMPORAL_PORT', purpose, host: LOOPBACK, port: local.temporalPort },
    {
      variable: 'TEMPORAL_UI_PORT',
      purpose: 'Temporal Web UI',
      host: LOOPBACK,
      port: local.temporalUiPort,
    },
  ]);
  const server = await startLocalTemporal({
    folder,
    namespace,
    local: { ...local, temporalPort, temporalUiPort },
    ...(config.encryptionKeysFile !== undefined && {
      uiCodec: `${config.publicUrl ?? originAt(config.host, port)}/codec`,
    }),
    report,
  });
  closing.add('Temporal server', server.stop);
  watch(server.ended.then((how) => `The Temporal server ended: ${how}`));
  const { address } = server;
  return {
    temporal: { address, namespace, connection: { address } },
    temporalUi: config.temporalUi ?? `http://${LOOPBACK}:${temporalUiPort}`,
    port,
    visibilityRate: DEV_SERVER_RATE,
    ending: lock.ending,
  };
}

/** Where a browser of this machine finds what listens there. */
function originAt(host: string, port: number): string {
  const named = ['0.0.0.0', '::'].includes(host) ? LOOPBACK : host;
  return `http://${named.includes(':') ? `[${named}]` : named}:${port}`;
}

const gatewayPort = ({ host, port }: Pick<Config, 'host' | 'port'>) => ({
  variable: 'PORT',
  purpose: 'the gateway',
  host,
  port,
});

function rejectionOf(signal: AbortSignal): Promise<never> {
  const rejection = untilAborted(signal).then(() => {
    throw signal.reason;
  });
  // Whoever does not look has still not made a mistake.
  rejection.catch(() => {});
  return rejection;
}
