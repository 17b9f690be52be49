import { randomUUID } from 'node:crypto';
import { Connection } from '@temporalio/client';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { SEARCH_ATTRIBUTES, toRunFields } from '../../../src/contract/wire/run-fields.ts';
import { connectTemporal } from '../../../src/service/temporal/connect.ts';
import type { ConnectOptions } from '../../../src/service/temporal/connect.ts';
import {
  encodeSearchAttributes,
  ensureSearchAttributes,
} from '../../../src/service/temporal/search-attributes.ts';
import { eventually } from '../../support/whole.ts';
import { GrpcCode } from '../../../src/tools/grpc-code.ts';
import { grpcError } from '../../support/grpc-error.ts';

const { address } = inject('temporal');
let connection: Connection;
beforeAll(async () => {
  connection = await Connection.connect({ address });
});
afterAll(() => connection.close());

const KEYWORD = 2;
const TEXT = 1;

async function newNamespace(attributes: Readonly<Record<string, number>> = {}): Promise<string> {
  const namespace = `connect-${randomUUID()}`;
  await connection.workflowService.registerNamespace({
    namespace,
    workflowExecutionRetentionPeriod: { seconds: 86_400 as never },
  });
  // A new namespace takes some seconds until every part of Temporal knows it.
  await eventually(() =>
    connection.operatorService.addSearchAttributes({
      namespace,
      searchAttributes: { Other: KEYWORD, ...attributes },
    }),
  );
  return namespace;
}
const connect = (namespace: string, options?: ConnectOptions) =>
  connectTemporal({ address, namespace, connection: {} }, options);

test('a namespace is made ready, however many connect to it at once', async () => {
  const namespace = await newNamespace();
  const connected = await Promise.all([connect(namespace), connect(namespace)]);
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
  expect(Object.keys(customAttributes)).toEqual(
    expect.arrayContaining(Object.keys(SEARCH_ATTRIBUTES)),
  );
  for (const { close } of connected) await close();
});

test('a run can use its attributes as soon as a namespace is ready', async () => {
  const { client, close } = await connect(await newNamespace());
  const { searchAttributes } = toRunFields({
    name: 'Photos',
    actor: 'ada',
    input: null,
    tags: ['red'],
    parent: 'father',
    rerunOf: 'before',
  });
  await expect(
    client.connection.workflowService.startWorkflowExecution({
      namespace: client.options.namespace,
      requestId: randomUUID(),
      workflowId: randomUUID(),
      workflowType: { name: 'anything' },
      taskQueue: { name: `nobody-${randomUUID()}` },
      searchAttributes: { indexedFields: encodeSearchAttributes(searchAttributes) },
    }),
  ).resolves.toMatchObject({ started: true });
  await close();
});

test('an attribute of another type is named, with both types', async () => {
  const namespace = await newNamespace({ TaskName: TEXT });
  await expect(connect(namespace)).rejects.toThrow('expected TaskName to be Keyword, got Text');
});

test('a namespace with no room for our attributes says so', async () => {
  const full = Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`Taken${i}`, KEYWORD]));
  const namespace = await newNamespace(full);
  await expect(connect(namespace)).rejects.toThrow(
    'cannot have more than 10 search attribute of type Keyword',
  );
});

test('a namespace that is not there is named', async () => {
  await expect(connect('nowhere')).rejects.toThrow('Temporal has no namespace "nowhere"');
});

test('a Temporal that is not there can be given up', async () => {
  const giveUp = new AbortController();
  const told: string[] = [];
  const connecting = connectTemporal(
    { address: '127.0.0.1:1', namespace: 'default', connection: {} },
    {
      signal: giveUp.signal,
      log(level, message) {
        told.push(`${level}: ${message}`);
        giveUp.abort();
      },
    },
  );
  await expect(connecting).rejects.toThrow('aborted');
  expect(told).toEqual([
    expect.stringContaining('warn: Temporal is not reachable at 127.0.0.1:1: waiting'),
  ]);
});

const refused = () => Promise.reject(grpcError(GrpcCode.PermissionDenied, 'no'));

test('where attributes cannot be registered, they are verified by using them', async () => {
  const cloud = {
    workflowService: connection.workflowService,
    operatorService: { listSearchAttributes: refused } as never,
    withDeadline: connection.withDeadline.bind(connection),
  };
  const namespace = await newNamespace({ TaskName: KEYWORD });
  await eventually(() =>
    connection.workflowService.countWorkflowExecutions({ namespace, query: 'TaskName IS NULL' }),
  );
  await expect(ensureSearchAttributes(cloud, { namespace })).rejects.toThrow(
    /add TaskWords \(Text\), TaskTags \(KeywordList\)/,
  );
  const ready = await newNamespace();
  await ensureSearchAttributes(connection, { namespace: ready });
  await expect(ensureSearchAttributes(cloud, { namespace: ready })).resolves.toBeUndefined();
});
