import { createRemoteJWKSet, customFetch, jwtVerify } from 'jose';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Claims } from './auth-rules.ts';
import { LoginUnavailable } from './refusal.ts';

export interface OidcOptions {
  /** As tokens name it; its metadata is at `<issuer>/.well-known/openid-configuration`. */
  readonly issuer: string;
  /** What tokens must be made for. An ID token is made for the page that logs in, and refused by this. */
  readonly audience: string;
  readonly algorithms?: readonly string[] | undefined;
  /** Told what goes wrong on the way to the provider, and that it is there again. */
  readonly report: (line: string) => void;
  /** Milliseconds since 1970. */
  readonly now?: (() => number) | undefined;
  /** Milliseconds between two fetches for a key that is not known. */
  readonly cooldown?: number | undefined;
}

/** `none`, and what is signed with a shared secret, can never be listed. */
export const OIDC_ALGORITHMS = ['RS256', 'PS256', 'ES256', 'EdDSA'] as const;

export interface Verified {
  readonly claims: Claims;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

/**
 * Reads access tokens of one provider. Its keys are fetched when it is there, again each ten minutes, and for a key
 * that is not known yet, at most once in half a minute; while it is down, those that were fetched hold for a day.
 */
export class OidcVerifier {
  readonly #options: OidcOptions;
  readonly #now: () => number;
  readonly #closing = new AbortController();
  #keys: Keys | undefined;
  #readAt = 0;
  #reading: Promise<void> | undefined;

  constructor(options: OidcOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    void this.#findProvider();
  }

  /** Rejects for a token that is not good, with `LoginUnavailable` when that cannot be told. */
  async verify(token: string): Promise<Verified> {
    const keys = await this.#freshKeys();
    const { issuer, audience, algorithms = OIDC_ALGORITHMS } = this.#options;
    const { payload } = await jwtVerify(token, keys, {
      issuer,
      audience,
      algorithms: [...algorithms],
      clockTolerance: SKEW,
      // Else a token from the future is good.
      maxTokenAge: DAY / 1000,
      requiredClaims: ['exp', 'iat', 'sub'],
      currentDate: new Date(this.#now()),
    });
    const { sub, exp } = payload;
    if (typeof sub !== 'string' || sub === '') throw new TypeError('Expected `sub` to be a text');
    return { claims: { ...payload, sub }, expiresAt: (exp ?? 0) * 1000 };
  }

  close(): void {
    this.#closing.abort();
  }

  async #freshKeys(): Promise<Keys> {
    const keys = this.#keys;
    if (!keys) throw new LoginUnavailable();
    const age = this.#now() - this.#readAt;
    if (age > DAY) await this.#read(keys).catch(unavailable);
    // Meanwhile those at hand are good.
    else if (age > REFRESH) this.#read(keys).catch(() => undefined);
    return keys;
  }

  /** Until it is found; without it nobody can log in, and those with other credentials need not wait for it. */
  async #findProvider(): Promise<void> {
    const { issuer, report, cooldown = COOLDOWN } = this.#options;
    const { signal } = this.#closing;
    for (let wait = 1000; ; wait = Math.min(wait * 2, 30_000))
      try {
        // Its own cache would refuse everybody once it is old and the provider down: it never ages there, and is read here.
        const keys = createRemoteJWKSet(await this.#keysAddress(), {
          cacheMaxAge: Number.POSITIVE_INFINITY,
          cooldownDuration: cooldown,
          timeoutDuration: TIMEOUT,
          [customFetch]: fetchSmall,
        });
        await this.#read(keys);
        this.#keys = keys;
        report(`Login provider ${issuer} is there`);
        return;
      } catch (error) {
        if (signal.aborted) return;
        report(`Login provider ${issuer} cannot be used yet: ${messageOf(error)}`);
        await sleep(wait, undefined, { signal, ref: false }).catch(() => undefined);
      }
  }

  async #keysAddress(): Promise<URL> {
    const { issuer } = this.#options;
    const answer = await fetchSmall(
      `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`,
      {
        signal: AbortSignal.any([this.#closing.signal, AbortSignal.timeout(TIMEOUT)]),
        redirect: 'error',
      },
    );
    if (!answer.ok) throw new Error(`Expected its metadata, got status ${answer.status}`);
    const metadata: unknown = await answer.json();
    const said = isMetadata(metadata) ? metadata : { issuer: undefined, jwks_uri: '' };
    if (said.issuer !== issuer)
      throw new Error(`Expected its metadata to name the issuer ${issuer}, got ${said.issuer}`);
    const address = new URL(said.jwks_uri);
    if (!isSafe(address))
      throw new Error(`Expected its \`jwks_uri\` to be https, got ${address.href}`);
    return address;
  }

  #read(keys: Keys): Promise<void> {
    this.#reading ??= keys
      .reload()
      .then(() => {
        this.#readAt = this.#now();
      })
      .finally(() => {
        this.#reading = undefined;
      });
    return this.#reading;
  }
}

type Keys = ReturnType<typeof createRemoteJWKSet>;

/** Milliseconds. */
const TIMEOUT = 5000;
const COOLDOWN = 30_000;
const REFRESH = 600_000;
const DAY = 86_400_000;
/** Seconds that clocks may be apart. */
const SKEW = 30;
const MAX_BYTES = 1024 * 1024;

const isMetadata = (
  value: unknown,
): value is { readonly issuer: string; readonly jwks_uri: string } =>
  typeof value === 'object' &&
  value !== null &&
  'issuer' in value &&
  typeof value.issuer === 'string' &&
  'jwks_uri' in value &&
  typeof value.jwks_uri === 'string';

export const isSafe = ({ protocol, hostname }: URL): boolean =>
  protocol === 'https:' ||
  (protocol === 'http:' && ['127.0.0.1', 'localhost', '[::1]'].includes(hostname));

/** As `fetch`, for answers of at most 1 MiB: whoever answers for the provider must not fill our memory. */
async function fetchSmall(url: string, init: RequestInit): Promise<Response> {
  const answer = await fetch(url, init);
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  const body: AsyncIterable<Uint8Array> | readonly Uint8Array[] = answer.body ?? [];
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > MAX_BYTES) throw new Error(`Expected at most ${MAX_BYTES} bytes from ${url}`);
    chunks.push(chunk);
  }
  return new Response(Buffer.concat(chunks), { status: answer.status, headers: answer.headers });
}

function unavailable(cause: unknown): never {
  throw new LoginUnavailable({ cause });
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message} (${error.cause.message})` : error.message;
}
