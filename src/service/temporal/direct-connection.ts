import { Connection, defaultGrpcRetryOptions, makeGrpcRetryInterceptor } from '@temporalio/client';
import type { ConnectionLike, ConnectionOptions } from '@temporalio/client';

/**
 * A connection to where this one goes, without the SDK's hidden retries: those sleep for seconds that no
 * deadline cuts, and turn a refusal into a delay. `close` closes what was opened here. A connection of
 * another kind (a worker's) is used as it is.
 */
export function toDirectConnection(connection: ConnectionLike): {
  readonly connection: ConnectionLike;
  readonly close: () => Promise<void>;
} {
  if (!(connection instanceof Connection)) return { connection, close: async () => {} };
  // The options of a connection hold credentials made of its own ones, which no API key is allowed beside.
  const { apiKey, ...options }: ConnectionOptions = connection.options;
  const direct = Connection.lazy(directly(options));
  if (apiKey) direct.setApiKey(apiKey);
  return { connection: direct, close: () => direct.close() };
}

/** Connection options without the SDK's retries, that find a server which was away within two seconds. */
export function directly(options: ConnectionOptions): ConnectionOptions {
  return {
    ...options,
    interceptors: (options.interceptors ?? []).filter((one) => String(one) !== RETRIES),
    channelArgs: {
      // gRPC's own pause between two tries to connect grows to two minutes.
      'grpc.initial_reconnect_backoff_ms': 100,
      'grpc.max_reconnect_backoff_ms': 2000,
      // What the SDK means to set: gRPC's own limit of 4 MiB is less than a page of history may have.
      'grpc.max_receive_message_length': 128 * 1024 * 1024,
      ...options.channelArgs,
    },
  };
}

// The SDK's interceptor has no name; every one it makes has this text, and a caller's own has not.
const RETRIES = String(makeGrpcRetryInterceptor(defaultGrpcRetryOptions()));
