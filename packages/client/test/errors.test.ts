import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buildSchema, isEnumType } from 'graphql';
import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { TaskError, TaskErrorCode } from '../../../src/contract/task-error.ts';
import { GatewayError } from '../src/wire/wire-errors.ts';
import { RunError } from '../src/run-error.ts';
import { toError } from '../src/wire/wire-errors.ts';
import { atEnd, begunRun, clientOf, fakeTasks, nobody, serve } from './support.ts';

test.each(Object.values(TaskErrorCode))('%s comes as the error that it is', (code) => {
  const extensions = { code, argument: 'name', retryAfter: 2 };
  const error = toError({ message: 'Why', extensions });
  expect(error).toBeInstanceOf(TaskError);
  expect(error).toMatchObject({
    code,
    message: 'Why',
    details: { argument: 'name', retryAfter: 2 },
  });
});

test('every problem of the schema is an error of the contract', async () => {
  const schema = buildSchema(
    await readFile(new URL('../../../schema.graphql', import.meta.url), 'utf8'),
  );
  const problems = schema.getType('ProblemCode');
  const codes = isEnumType(problems) ? problems.getValues().map(({ name }) => name) : [];
  const known: readonly string[] = Object.values(TaskErrorCode);
  expect(codes.filter((code) => !known.includes(code))).toEqual(['ALREADY_ABORTING']);
});

test('what is a bug, and what is no gateway, says so', async () => {
  const service = fakeTasks();
  service.break(new Error('Nobody shall know'));
  const client = clientOf((await serve(service)).address);
  await expect(client.counts()).rejects.toBeInstanceOf(GatewayError);
  await expect(client.counts()).rejects.toMatchObject({
    code: 'INTERNAL',
    requestId: expect.stringMatching(/./),
  });
  const other = clientOf(await answering(() => ({ status: 404, body: '<html>' })));
  await expect(other.me()).rejects.toMatchObject({ code: 'HTTP_404' });
});

describe('a run that did not succeed is thrown by its result', () => {
  test('with its error', async () => {
    const service = fakeTasks();
    const id = await begunRun(service);
    service.fail(id, { code: 'Refused', message: 'No paper' });
    const client = clientOf((await serve(service)).address);
    const error: unknown = await client.result(id).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(RunError);
    expect(error).toMatchObject({ code: 'Refused', message: 'No paper', run: { id } });
  });

  test('with its abort', async () => {
    const service = fakeTasks();
    const id = await begunRun(service);
    const client = clientOf((await serve(service)).address);
    await client.abort({ id, reason: 'Wrong paper' });
    service.stop(id);
    const message = 'Aborted by anonymous: Wrong paper';
    await expect(client.result(id)).rejects.toMatchObject({ code: 'ABORTED', message });
  });
});

describe('an answer that does not come', () => {
  test('is asked for again, unless it would change something', async () => {
    let asked = 0;
    const address = await answering(() => {
      asked++;
      return asked < 3
        ? undefined
        : { status: 200, body: '{"data":{"me":{"name":"ann","rights":[]}}}' };
    });
    const client = clientOf(address);
    expect(await client.me()).toEqual({ name: 'ann', rights: [] });
    expect(asked).toBe(3);
    asked = 0;
    await expect(client.abort({ id: 'some' })).rejects.toMatchObject({ code: 'RESULT_UNKNOWN' });
    expect(asked).toBe(1);
  });

  test('leaves a change unknown, and with a key it is sent again', async () => {
    let asked = 0;
    const client = clientOf(
      await answering(() => {
        asked++;
        return undefined;
      }),
    );
    const request = { definition: 'testingRun', input: {} } as const;
    const unknown = { code: 'RESULT_UNKNOWN' };
    await expect(client.trigger(request)).rejects.toMatchObject(unknown);
    expect(asked).toBe(1);
    asked = 0;
    const keyed = { ...request, key: 'photos' };
    await expect(client.trigger(keyed)).rejects.toMatchObject({
      ...unknown,
      details: { key: 'photos' },
    });
    expect(asked).toBe(3);
  });

  test('is waited for until the deadline, or until nobody wants it', async () => {
    const address = await answering(() => new Promise(() => {}));
    const client = clientOf(address, { deadline: 0.1 });
    await expect(client.me()).rejects.toMatchObject({ code: 'TIMEOUT' });
    await expect(client.delete('some')).rejects.toMatchObject({ code: 'RESULT_UNKNOWN' });
  });

  test('is none where nobody is: nothing was changed', async () => {
    const client = clientOf(await nobody());
    await expect(client.abort({ id: 'some' })).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });
});

test.each([
  [413, 'PAYLOAD_TOO_LARGE'],
  [429, 'RATE_LIMITED'],
  [403, 'FORBIDDEN'],
  [503, 'UNAVAILABLE'],
])('a status of %d is %s', async (status, code) => {
  const client = clientOf(await answering(() => ({ status, body: '' })));
  await expect(client.me()).rejects.toMatchObject({ code });
});

test('a number that is none is refused, not left out', async () => {
  const service = fakeTasks();
  const client = clientOf((await serve(service)).address);
  await expect(client.list({ first: Number.NaN })).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    details: { argument: 'first' },
  });
  await expect(
    client.trigger({ definition: 'testingRun', input: {}, delay: Infinity }),
  ).rejects.toMatchObject({ code: 'INVALID_DELAY', details: { argument: 'delay' } });
  expect(await service.count()).toBe(0);
});

test('an error about a filter has the name that the filter has here', async () => {
  const client = clientOf((await serve(fakeTasks())).address);
  const ids = Array.from({ length: 101 }, (_, index) => `${index}`);
  await expect(client.list({ filter: { idsNot: ids } })).rejects.toMatchObject({
    code: 'INVALID_FILTER',
    message: expect.stringContaining('`idsNot`'),
    details: { argument: 'idsNot' },
  });
});

test('an issue says which of its steps is a place in a list', async () => {
  const service = fakeTasks();
  const client = clientOf((await serve(service)).address);
  const input = { model: '', amount: 1 };
  await expect(client.trigger({ definition: 'importPages', input })).rejects.toMatchObject({
    code: 'INVALID_INPUT',
    details: { issues: [{ path: ['model'], code: 'too_small' }] },
  });
});

interface Reply {
  readonly status: number;
  readonly body: string;
}
/** A server that answers as it is told; undefined breaks the connection. */
async function answering(reply: () => Reply | undefined | Promise<Reply>): Promise<string> {
  const server = createServer((request, response) => {
    const answer = async (): Promise<void> => {
      const told = await reply();
      if (!told) request.socket.destroy();
      else response.writeHead(told.status, { 'content-type': 'application/json' }).end(told.body);
    };
    request.resume().once('end', () => void answer());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  atEnd(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
