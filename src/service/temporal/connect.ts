import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection, ServiceError } from '@temporalio/client';
import type { ConnectionOptions, DataConverter } from '@temporalio/client';
import { directly } from './direct-connection.ts';
import { ensureSearchAttributes } from './search-attributes.ts';
import { grpcErrorOf, isNoNamespace, isPassing } from './grpc.ts';

export interface TemporalAddress {
  readonly address: string;
  readonly namespace: string;
  /** TLS, API key, metadata, and interceptors of a caller. */
  readonly connection: Pick<ConnectionOptions, 'tls' | 'apiKey' | 'metadata' | 'interceptors'>;
}

export interface ConnectOptions {
  /** Told what is being waited for and what was found, a sentence each. */
  readonly log?: (level: 'info' | 'warn', message: string) => void;
  /** Ends the wait for a Temporal that is not there or not ready. */
  readonly signal?: AbortSignal | undefined;
  readonly dataConverter?: DataConverter | undefined;
}

export interface ConnectedTemporal {
  readonly client: Client;
  /** The client's connection, which does not retry behind our back: see `TaskServiceOptions`. */
  readonly connection: Connection;
  readonly close: () => Promise<void>;
}

/**
 * Connects to Temporal, however long it takes to come up, and makes its namespace ready for us. Rejects when
 * waiting cannot help: a namespace that is not there, credentials that are refused, search attributes of another type.
 */
export async function connectTemporal(
  { address, namespace, connection: options }: TemporalAddress,
  { log = () => {}, signal, dataConverter }: ConnectOptions = {},
): Promise<ConnectedTemporal> {
  const connection = Connection.lazy(directly({ ...options, address }));
  try {
    await untilThere(connection, { address, namespace, log, signal });
    await ensureSearchAttributes(connection, { namespace, signal });
    return {
      client: new Client({ connection, namespace, ...(dataConverter && { dataConverter }) }),
      connection,
      close: () => connection.close(),
    };
  } catch (error) {
    await connection.close();
    throw error;
  }
}

type Waiting = Pick<TemporalAddress, 'address' | 'namespace'> &
  Required<Pick<ConnectOptions, 'log'>> &
  Pick<ConnectOptions, 'signal'>;

async function untilThere(
  connection: Connection,
  { address, namespace, log, signal }: Waiting,
): Promise<void> {
  for (let pause = 250; ; pause = Math.min(pause * 2, 5000)) {
    signal?.throwIfAborted();
    try {
      const { namespaceInfo } = await connection.withDeadline(Date.now() + 5000, () =>
        connection.workflowService.describeNamespace({ namespace }),
      );
      const pushes = namespaceInfo?.capabilities?.workerCommands ?? false;
      log(
        'info',
        `Connected to Temporal at ${address}, namespace "${namespace}"; ${
          pushes
            ? 'aborts are pushed to activities'
            : 'aborts reach activities with their next heartbeat (turn on frontend.WorkerCommandsEnabled and system.enableCancelActivityWorkerCommand in Temporal to push them)'
        }`,
      );
      return;
    } catch (error) {
      if (!isPassing(error)) throw explained(error, namespace);
      log('warn', `Temporal is not reachable at ${address}: waiting (${reasonOf(error)})`);
    }
    await sleep(pause, undefined, { ...(signal && { signal }) });
  }
}

const reasonOf = (error: unknown): string => grpcErrorOf(error)?.details ?? String(error);

function explained(cause: unknown, namespace: string): unknown {
  const error = grpcErrorOf(cause);
  if (!error) return cause;
  if (isNoNamespace(error))
    return new Error(
      `Temporal has no namespace "${namespace}": register it first, or choose another one.`,
      { cause },
    );
  return new ServiceError(`Temporal refuses us: ${error.details}.`, { cause: toError(cause) });
}
const toError = (cause: unknown): Error =>
  cause instanceof Error ? cause : new Error(String(cause));
