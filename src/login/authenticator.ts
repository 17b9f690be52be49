import { decodeProtectedHeader } from 'jose';
import type { Caller } from '../contract/caller.ts';
import { LIMITS } from '../contract/limits.ts';
import { API_KEY, findApiKey } from './api-keys.ts';
import { parseAuthFile } from './auth-file.ts';
import { AuthRules } from './auth-rules.ts';
import { keyIdOf, toCallerName } from './caller-name.ts';
import { LiveSessions } from './live-sessions.ts';
import type { OidcVerifier } from './oidc-verifier.ts';
import { LoginUnavailable, NotAdmitted, Unauthenticated } from './refusal.ts';
import { RUN_TOKEN, callerOfToken } from './run-tokens.ts';
import type { RunTokenClaims, RunTokens } from './run-tokens.ts';
import type { Authenticate, Presented, Session } from './session.ts';

export interface AuthenticatorOptions {
  readonly rules: AuthRules;
  readonly oidc?: OidcVerifier | undefined;
  /** The claim that is shown as a caller's name. Default: `sub`. */
  readonly nameClaim?: string | undefined;
  readonly tokens?: RunTokens | undefined;
  readonly proxy?: ProxyOptions | undefined;
}

export interface ProxyOptions {
  /** Header, lower case, in which it names the caller. */
  readonly header: string;
  readonly isTrusted: (address: string | undefined) => boolean;
}

/** Recognises callers by what they present, told apart by its shape: what is one kind is never tried as another. */
export class Authenticator {
  readonly #options: AuthenticatorOptions;
  readonly #sessions = new LiveSessions();
  #rules: AuthRules;

  constructor(options: AuthenticatorOptions) {
    this.#options = options;
    this.#rules = options.rules;
  }

  get rules(): AuthRules {
    return this.#rules;
  }

  /** Takes new rules; sessions of callers to whom they give something else end. */
  set rules(rules: AuthRules) {
    this.#rules = rules;
    this.#sessions.reconsider();
  }

  /** Throws `Unauthenticated`, `NotAdmitted` or `LoginUnavailable`. */
  readonly authenticate: Authenticate = async (presented) => {
    const { proxy } = this.#options;
    const named = proxy && presented.headers[proxy.header];
    if (proxy && named !== undefined) return this.#ofProxy(proxy, String(named), presented);
    const token = bearerOf(presented.authorization);
    if (token.startsWith(API_KEY)) return this.#ofKey(token, presented);
    if (typeOf(token) === RUN_TOKEN) return await this.#ofRunToken(token);
    return await this.#ofProvider(token, presented);
  };

  #ofProxy(
    { isTrusted }: ProxyOptions,
    named: string,
    { remoteAddress, tenant }: Presented,
  ): Session {
    if (!isTrusted(remoteAddress)) throw new Unauthenticated('untrusted-peer');
    // As some proxies name whoever has not logged in.
    if (named === '') throw new Unauthenticated('no-name');
    const id = `sub:${named}`;
    const again = (): Caller => this.#rules.callerOf(toCallerName(named), { sub: named }, tenant);
    return this.#session('PROXY', [id], null, again);
  }

  #ofKey(presented: string, { tenant }: Presented): Session {
    const key = findApiKey(this.#rules.keys, presented);
    if (typeof key === 'string') throw new Unauthenticated(key);
    const again = (): Caller => {
      // Taken out of the file, or only this hash of it.
      const now = findApiKey(this.#rules.keys, presented);
      if (typeof now === 'string') throw new Unauthenticated(now);
      return this.#rules.callerOfKey(now, tenant);
    };
    return this.#session('API_KEY', [`key:${key.id}`], key.expiresAt, again);
  }

  async #ofRunToken(token: string): Promise<Session> {
    const { tokens } = this.#options;
    if (!tokens) throw new Unauthenticated('no-run-tokens');
    const claims = await orRefused(tokens.verify(token));
    return this.#session('RUN_TOKEN', revocableIds(claims), claims.exp * 1000, () =>
      this.#rules.inShare(callerOfToken(claims)),
    );
  }

  async #ofProvider(token: string, { tenant }: Presented): Promise<Session> {
    const { oidc, nameClaim = 'sub' } = this.#options;
    if (!oidc) throw new Unauthenticated('no-provider');
    const { claims, expiresAt } = await orRefused(oidc.verify(token));
    const shown = claims[nameClaim];
    if (typeof shown !== 'string' || shown === '') throw new Unauthenticated('no-name');
    // Anybody can write any address into a profile.
    if (nameClaim === 'email' && claims['email_verified'] !== true)
      throw new Unauthenticated('unverified-email');
    const name = toCallerName(shown);
    const again = (): Caller => this.#rules.callerOf(name, claims, tenant);
    return this.#session('OIDC', [`sub:${claims.sub}`, `sub:${name}`], expiresAt, again);
  }

  #session(
    credential: Session['credential'],
    ids: readonly [string, ...string[]],
    expiresAt: number | null,
    again: () => Caller,
  ): Session {
    const unlessRevoked = (): Caller | null => {
      if (this.#rules.isRevoked(...ids)) return null;
      try {
        return again();
      } catch (error) {
        if (error instanceof Unauthenticated || error instanceof NotAdmitted) return null;
        throw error;
      }
    };
    const [credentialId] = ids;
    if (this.#rules.isRevoked(...ids)) throw new Unauthenticated('revoked', { credentialId });
    return this.#sessions.toSession({
      caller: orNotAdmitted(credentialId, again),
      credential,
      credentialId,
      expiresAt,
      again: unlessRevoked,
    });
  }
}

/**
 * For an `authenticate` of an application's own: the session of whoever shows a token that these sign, and null for any
 * other credential, or none. Rejects with an error of `statusCode` 401 for a token that is forged or has expired; it
 * knows of no revocations.
 */
export async function sessionOfToken(
  tokens: RunTokens,
  presented: Presented,
): Promise<Session | null> {
  const isShown = presented.authorization.some(
    (header) => typeOf(header.replace(/^Bearer /i, '')) === RUN_TOKEN,
  );
  return isShown
    ? await new Authenticator({ rules: NO_RULES, tokens }).authenticate(presented)
    : null;
}

const NO_RULES = new AuthRules(parseAuthFile('{}'));

/** A token is taken back with what it was made by, too: a trigger token, a key, or somebody. */
function revocableIds({ jti, of, sub }: RunTokenClaims): readonly [string, ...string[]] {
  const key = keyIdOf(sub);
  return [
    `token:${jti}`,
    ...(of === undefined ? [] : [`token:${of}`]),
    ...(key === undefined ? [] : [`key:${key}`]),
    `sub:${sub}`,
  ];
}

/** Says whose credential it is that gives nothing. */
function orNotAdmitted(credentialId: string, again: () => Caller): Caller {
  try {
    return again();
  } catch (cause) {
    if (!(cause instanceof NotAdmitted)) throw cause;
    throw new NotAdmitted(cause.why, cause.message, { cause, credentialId });
  }
}

/** The only bearer token, and none that is too long. */
function bearerOf(authorization: readonly string[]): string {
  const [header, ...others] = authorization;
  if (header === undefined) throw new Unauthenticated('no-credential');
  if (others.length > 0) throw new Unauthenticated('several-credentials');
  const [, token] = BEARER.exec(header) ?? [];
  if (token === undefined) throw new Unauthenticated('no-bearer-token');
  return token;
}

const BEARER = new RegExp(`^Bearer ([\\w.~+/-]{1,${LIMITS.token.text}}=*)$`, 'i');

/** What a token's header says that it is; of any other text, nothing. */
function typeOf(token: string): string | undefined {
  try {
    return decodeProtectedHeader(token).typ;
  } catch {
    return undefined;
  }
}

async function orRefused<T>(verifying: Promise<T>): Promise<T> {
  try {
    return await verifying;
  } catch (error) {
    if (error instanceof LoginUnavailable) throw error;
    throw new Unauthenticated(reasonOf(error), { cause: error });
  }
}

/** Such as `jwt-expired`: jose names what is wrong. */
const reasonOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string'
    ? error.code.replace(/^ERR_/, '').replaceAll('_', '-').toLowerCase()
    : 'malformed';
