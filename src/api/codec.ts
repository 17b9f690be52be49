import { LIMITS } from '../contract/limits.ts';
import { TaskError, TaskErrorCode } from '../contract/task-error.ts';
import type { Caller } from '../contract/caller.ts';
import { type EncryptionCodec, isEncrypted } from '../encryption/encryption-codec.ts';
import { mayEverywhere } from '../rights/rights.ts';
import type { HeldBytes } from '../tools/held-bytes.ts';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Refused } from './transport/errors.ts';

export interface CodecOptions {
  readonly codec: EncryptionCodec;
  /** Of Temporal Web UI, whose pages alone may ask from a browser. */
  readonly webUi?: { readonly address: string; readonly namespace: string } | undefined;
  readonly held: HeldBytes;
  readonly callerOf: (request: FastifyRequest) => Caller;
  /** Told that somebody who was let in may not decode this. */
  readonly refused?: ((request: FastifyRequest) => void) | undefined;
  /** Lets in whoever may come, before a body is read. */
  readonly admit: (scope: FastifyInstance) => void;
}

const PATH = '/codec/decode';

/**
 * Decrypts values for Temporal Web UI, by Temporal's protocol for it. For callers who may see inputs, outputs and logs
 * of every run, since nothing says which run a value is of; of a tenant, what was written with that tenant's keys.
 */
export async function registerCodec(
  app: FastifyInstance,
  { codec, webUi, held, callerOf, refused, admit }: CodecOptions,
): Promise<void> {
  const origin = webUi && new URL(webUi.address).origin;
  // Last of all: whatever is answered, also that somebody is not let in, is for these pages to read, and whatever
  // allows other pages does so for the rest of the gateway.
  app.addHook('onSend', async ({ headers }, reply) => {
    for (const name of Object.keys(reply.getHeaders()))
      if (name.startsWith('access-control-')) void reply.removeHeader(name);
    void reply.header('vary', 'origin');
    if (origin === undefined || headers.origin !== origin) return;
    void reply.headers({
      'access-control-allow-origin': origin,
      'access-control-allow-methods': 'POST',
      'access-control-allow-headers': 'authorization, content-type, x-namespace, x-tenant',
      'access-control-allow-credentials': 'true',
      'access-control-max-age': '600',
    });
  });
  admit(app);
  app.addHook('onError', async (request, _, error) => {
    if (error instanceof Refused && error.code === FORBIDDEN) refused?.(request);
  });
  app.options(
    PATH,
    async (_, reply) => await reply.code(204).header('allow', 'POST, OPTIONS').send(),
  );
  app.post(PATH, {
    bodyLimit: LIMITS.codec,
    // Once a caller is known, and before a body is there.
    preParsing: async (request, reply, body) => {
      checkCaller(callerOf(request));
      checkNamespace(request, webUi?.namespace);
      const holder = held.open();
      if (!holder.add(bytesOf(request))) throw crowded();
      for (const end of ['finish', 'close']) reply.raw.once(end, holder.release);
      return body;
    },
    handler: async (request, reply) => {
      const payloads = payloadsOf(request.body);
      checkTenant(callerOf(request), codec, payloads);
      const decoded = await Promise.all(payloads.map((payload) => decodeOrKeep(codec, payload)));
      return await reply.send({ payloads: decoded.map(toJson) });
    },
  });
}

function checkCaller(caller: Caller): void {
  for (const right of ['payloads', 'logs'] as const)
    if (!mayEverywhere(caller, right))
      throw new Refused(403, `This needs the right \`${right}\` for every run.`, FORBIDDEN);
}

function checkNamespace({ headers }: FastifyRequest, namespace: string | undefined): void {
  const asked = headers['x-namespace'];
  if (asked === undefined || namespace === undefined || asked === namespace) return;
  throw new Refused(400, 'This gateway decodes what another namespace holds.');
}

/** Whatever else a value is, to a caller of a tenant it is the same: a key that others have, or that nobody has. */
function checkTenant(
  { tenant }: Caller,
  codec: EncryptionCodec,
  payloads: readonly Payload[],
): void {
  if (tenant == null) return;
  for (const payload of payloads)
    if (isEncrypted(payload) && codec.keyOf(payload)?.tenant !== tenant)
      throw new Refused(403, "A value is not one of your tenant's.", FORBIDDEN);
}
const FORBIDDEN = 'FORBIDDEN';

/** One that cannot be read, or was changed, hides none beside it: Web UI shows it as it is. */
async function decodeOrKeep(codec: EncryptionCodec, payload: Payload): Promise<Payload> {
  try {
    const [decoded = payload] = await codec.decode([payload]);
    return decoded;
  } catch {
    return payload;
  }
}

/** The text, what it is parsed to, and the answer. */
const bytesOf = ({ headers }: FastifyRequest): number =>
  3 * Number(headers['content-length'] ?? LIMITS.codec);

const crowded = (): TaskError =>
  new TaskError(
    TaskErrorCode.RateLimited,
    'The gateway has no room for a request of this size just now: ask again.',
    { retryAfter: 1 },
  );

type Payload = Parameters<EncryptionCodec['keyOf']>[0];

/** As protobuf writes it as JSON: bytes are base64. */
interface JsonPayload {
  readonly metadata?: Readonly<Record<string, string>>;
  readonly data?: string;
}

function payloadsOf(body: unknown): readonly Payload[] {
  if (!isMap(body) || !Array.isArray(body['payloads']) || !body['payloads'].every(isJsonPayload))
    throw new Refused(400, 'Expected `payloads`, each with `metadata` and `data` as base64.');
  return body['payloads'].map(({ metadata = {}, data = '' }) => ({
    metadata: Object.fromEntries(
      Object.entries(metadata).map(([name, value]) => [name, Buffer.from(value, 'base64')]),
    ),
    data: Buffer.from(data, 'base64'),
  }));
}

const isJsonPayload = (value: unknown): value is JsonPayload =>
  isMap(value) &&
  (value['data'] === undefined || typeof value['data'] === 'string') &&
  (value['metadata'] === undefined ||
    (isMap(value['metadata']) &&
      Object.values(value['metadata']).every((text) => typeof text === 'string')));

const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const toJson = ({ metadata, data }: Payload): JsonPayload => ({
  metadata: Object.fromEntries(
    Object.entries(metadata ?? {}).map(([name, value]) => [name, toBase64(value)]),
  ),
  data: toBase64(data ?? new Uint8Array()),
});
const toBase64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
