import { Connection, defaultGrpcRetryOptions, makeGrpcRetryInterceptor } from '@temporalio/client';
import type { ConnectionLike, ConnectionOptions } from '@temporalio/client';
import { expect, test } from 'vitest';
import { toDirectConnection } from '../../../src/service/temporal/direct-connection.ts';

const address = '127.0.0.1:1';

async function directOptions(options: ConnectionOptions): Promise<ConnectionOptions> {
  const connection = Connection.lazy({ address, ...options });
  const direct = toDirectConnection(connection);
  expect(direct.connection).not.toBe(connection);
  await direct.close();
  await connection.close();
  return (direct.connection as Connection).options;
}

test("the SDK's retries are gone, whoever asked for them", async () => {
  expect(await directOptions({})).toMatchObject({ address, interceptors: [] });
  const retries = makeGrpcRetryInterceptor(defaultGrpcRetryOptions({ maxAttempts: 3 }));
  expect(await directOptions({ interceptors: [retries] })).toMatchObject({ interceptors: [] });
});

const own: NonNullable<ConnectionOptions['interceptors']>[number] = (options, next) =>
  next(options) as never;

test("the caller's own interceptors and settings stay", async () => {
  const { interceptors, channelArgs, metadata } = await directOptions({
    interceptors: [own],
    channelArgs: { 'grpc.keepalive_time_ms': 5 },
    metadata: { team: 'a' },
  });
  expect(interceptors).toEqual([own]);
  expect(channelArgs).toMatchObject({ 'grpc.keepalive_time_ms': 5 });
  expect(metadata).toMatchObject({ team: 'a' });
});

test('TLS and an API key go with it', async () => {
  const connection = Connection.lazy({ address, tls: true, apiKey: 'secret' });
  const direct = toDirectConnection(connection);
  expect((direct.connection as Connection).options.credentials).toBe(
    connection.options.credentials,
  );
  await direct.close();
  await connection.close();
});

test("a worker's connection is used as it is, and not closed", async () => {
  const native = {
    close: () => Promise.reject(new Error('not ours')),
  } as unknown as ConnectionLike;
  const direct = toDirectConnection(native);
  expect(direct.connection).toBe(native);
  await direct.close();
});
