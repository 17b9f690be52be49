import { defaultPayloadConverter } from '@temporalio/common';
import { afterEach, expect, test } from 'vitest';
import type { FastifyInstance } from 'fastify';
import type { Caller } from '../../src/contract/caller.ts';
import { encryption } from '../../src/encryption/encryption.ts';
import { LIMITS } from '../../src/contract/limits.ts';
import { ROLES } from '../../src/rights/rights.ts';
import { sessionOf } from '../../src/login/session.ts';
import { Refused } from '../../src/api/transport/errors.ts';
import { testGateway } from './support/app.ts';

const key = (id: string, tenant?: string) => ({
  id,
  key: Buffer.alloc(32, id),
  ...(tenant !== undefined && { tenant }),
});
const KEYS = encryption({ keys: [key('all'), key('acme-1', 'acme'), key('beta-1', 'beta')] });
const UI = 'https://temporal.example.com';

const CALLERS: Readonly<Record<string, Caller>> = {
  root: { name: 'root' },
  vic: { name: 'vic', grants: [{ can: ROLES.viewer }] },
  wat: { name: 'wat', grants: [{ can: ROLES.watcher }] },
  // May see all that runs carry, and not of every run.
  own: { name: 'own', grants: [{ can: ROLES.viewer, own: true }] },
  imp: { name: 'imp', grants: [{ can: ROLES.viewer, definitions: ['import*'] }] },
  // No lines: a value may be one.
  payloads: { name: 'payloads', grants: [{ can: ['read', 'payloads'] }] },
  acme: { name: 'acme', tenant: 'acme', grants: [{ can: ROLES.viewer }] },
};

let app: FastifyInstance | undefined;
afterEach(() => app?.close());

async function open(options: Parameters<typeof testGateway>[0] = {}): Promise<FastifyInstance> {
  const gateway = await testGateway({
    encryption: KEYS,
    webUi: { address: `${UI}/`, namespace: 'default' },
    origins: ['https://app.example.com'],
    authenticate: async ({ authorization: [name = ''] }) => {
      const caller = CALLERS[name];
      if (!caller) throw new Refused(401, 'Expected a valid credential.', 'UNAUTHENTICATED');
      return sessionOf(caller);
    },
    ...options,
  });
  app = gateway.app;
  return app;
}

interface Json {
  readonly metadata?: Record<string, string>;
  readonly data?: string;
}
const toJson = ({ metadata, data }: { metadata?: any; data?: any }): Json => ({
  metadata: Object.fromEntries(
    Object.entries(metadata).map(([name, bytes]) => [
      name,
      Buffer.from(bytes as Uint8Array).toString('base64'),
    ]),
  ),
  data: Buffer.from(data).toString('base64'),
});
const clear = (value: unknown) => defaultPayloadConverter.toPayload(value);
async function sealed(value: unknown, workflowId: string): Promise<Json> {
  const context = { type: 'workflow', namespace: 'default', workflowId } as const;
  const [payload] = await KEYS.payloadCodecs[0].encode([clear(value)], context);
  return toJson(payload ?? {});
}

const decode = async (payloads: unknown, headers: Record<string, string> = {}) => {
  const reply = await app?.inject({
    method: 'POST',
    url: '/codec/decode',
    headers: { 'content-type': 'application/json', authorization: 'root', ...headers },
    payload: JSON.stringify({ payloads }),
  });
  return { status: reply?.statusCode, body: reply?.json(), headers: reply?.headers ?? {} };
};

test('decodes what the keys here wrote, and passes on what it cannot read', async () => {
  await open();
  const own = await sealed({ a: 1 }, 'run');
  const foreign = { ...own, metadata: { ...own.metadata, 'encryption-key-id': 'Z29uZQ==' } };
  const changed = { ...own, data: `AAAA${own.data?.slice(4)}` };
  const plain = toJson(clear('plain'));
  const { status, body } = await decode([own, foreign, changed, plain, {}]);
  expect(status).toBe(200);
  expect(body.payloads).toEqual([
    toJson(clear({ a: 1 })),
    foreign,
    changed,
    plain,
    { metadata: {}, data: '' },
  ]);
});

test.each([
  ['', 401],
  ['nobody', 401],
  ['wat', 403],
  ['own', 403],
  ['imp', 403],
  ['payloads', 403],
  ['vic', 200],
  ['root', 200],
])('asked by "%s" it answers %i', async (authorization, expected) => {
  await open();
  const { status, body, headers } = await decode([await sealed('secret', 'run')], {
    authorization,
  });
  expect(status).toBe(expected);
  if (expected === 200) return;
  expect(body).toEqual({
    errors: [
      {
        message: expect.any(String),
        extensions: { code: expected === 401 ? 'UNAUTHENTICATED' : 'FORBIDDEN' },
      },
    ],
  });
  expect(headers['www-authenticate']).toBe(expected === 401 ? 'Bearer realm="waymark"' : undefined);
});

test("a caller of a tenant decodes what was written with that tenant's key, and is told nothing of others", async () => {
  await open();
  const acme = await sealed('ours', 'acme~1');
  const headers = { authorization: 'acme' };
  expect(await decode([acme, toJson(clear('plain'))], headers)).toMatchObject({ status: 200 });
  const unknown = { ...acme, metadata: { ...acme.metadata, 'encryption-key-id': 'Z29uZQ==' } };
  const answers = await Promise.all(
    [await sealed('theirs', 'beta~1'), await sealed('all', 'run'), unknown].map(
      async (payload) => await decode([acme, payload], headers),
    ),
  );
  for (const { status, body } of answers) {
    expect(status).toBe(403);
    expect(body).toEqual(answers[0]?.body);
  }
});

const allowed = async (origin: string, authorization: string) => {
  const { headers } = await decode([], { origin, authorization });
  return headers['access-control-allow-origin'];
};
const asking = async (origin: string) =>
  await app?.inject({
    method: 'OPTIONS',
    url: '/codec/decode',
    headers: {
      origin,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization,content-type,x-namespace',
    },
  });

test('pages of Temporal Web UI alone may read the answer, refusals included', async () => {
  await open();
  expect(await allowed(UI, 'root')).toBe(UI);
  expect(await allowed(UI, 'nobody')).toBe(UI);
  expect(await allowed('https://app.example.com', 'root')).toBeUndefined();
  expect(await allowed('https://evil.example', 'root')).toBeUndefined();
  expect((await asking(UI))?.headers).toMatchObject({
    'access-control-allow-origin': UI,
    'access-control-allow-headers': expect.stringContaining('x-namespace'),
  });
  expect(
    (await asking('https://app.example.com'))?.headers['access-control-allow-origin'],
  ).toBeUndefined();
});

test('what is no list of payloads is refused, and so is what is for another namespace', async () => {
  await open();
  for (const payloads of [undefined, 1, [1], [{ data: 1 }], [{ metadata: { a: 1 } }]])
    expect(await decode(payloads)).toMatchObject({
      status: 400,
      body: { errors: [{ extensions: { code: 'BAD_REQUEST' } }] },
    });
  expect(await decode([], { 'x-namespace': 'default' })).toMatchObject({ status: 200 });
  expect(await decode([], { 'x-namespace': 'other' })).toMatchObject({ status: 400 });
});

test('it takes a large value, and no more bytes than its bound', async () => {
  await open();
  const large = await sealed('x'.repeat(LIMITS.payload), 'run');
  expect(await decode([large])).toMatchObject({ status: 200 });
  expect(await decode([large, large, large, large])).toMatchObject({ status: 413 });
});

test('it never encodes, and is not there without keys', async () => {
  await open();
  const encode = await app?.inject({
    method: 'POST',
    url: '/codec/encode',
    headers: { authorization: 'root' },
    payload: { payloads: [] },
  });
  expect(encode?.statusCode).toBe(404);
  await app?.close();
  await open({ encryption: undefined });
  expect(await decode([])).toMatchObject({ status: 404 });
});
