import { createSecretKey, randomUUID } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { SignJWT, jwtVerify } from 'jose';
import { z } from 'zod';
import { RIGHTS } from '../contract/caller.ts';
import type { Caller, Right } from '../contract/caller.ts';
import { LIMITS } from '../contract/limits.ts';
import { checkActor } from '../contract/rules/check-trigger.ts';
import { outOfBounds } from '../contract/task-error.ts';
import { TENANT } from '../contract/wire/tenant.ts';

/** The type in the header of every token of ours: it is told apart by it, and never by trying. */
export const RUN_TOKEN = 'waymark+jwt';

/** What can be allowed of one run. `settings` are nobody's of one, and a rerun is another. */
export const RUN_RIGHTS: readonly Right[] = RIGHTS.filter(
  (right) => right !== 'trigger' && right !== 'settings',
);

const claims = z
  .object({
    /** Name of whoever minted it. */
    sub: z.string().min(1).max(100),
    ten: z.string().regex(TENANT).optional(),
    /** The one run that it is for, or */
    run: z.string().optional(),
    /** the one definition that it may trigger, */
    def: z.string().optional(),
    /** with these fields of the input as they are, */
    fix: z.record(z.string(), z.unknown()).optional(),
    /** and one run at most, however often it is used. */
    once: z.literal(true).optional(),
    can: z.array(z.enum(RIGHTS)).min(1),
    /** What a token for a run that it triggers may hold. */
    see: z.array(z.enum(RIGHTS)).optional(),
    /** The trigger token that it was made with. */
    of: z.uuid().optional(),
    jti: z.uuid(),
    /** Seconds since 1970. */
    exp: z.number(),
  })
  // For neither it would hold for every run there is.
  .refine(
    ({ run, def }) => (run === undefined) !== (def === undefined),
    'expected a token to be for one run, or for one definition',
  )
  .refine(
    ({ run, can }) =>
      run === undefined
        ? can.every((right) => right === 'trigger')
        : can.includes('read') && can.every((right) => RUN_RIGHTS.includes(right)),
    'expected `read` and other rights of a run, or of a definition `trigger` alone',
  );
/** What a token says. Whoever has the secret can read and make it; nothing of it is stored anywhere. */
export type RunTokenClaims = Readonly<z.output<typeof claims>>;

export interface TokenSecret {
  readonly kid: string;
  /** 32 bytes at least. */
  readonly secret: Uint8Array;
}

export interface MintedToken {
  readonly token: string;
  readonly id: string;
  readonly expiresAt: Date;
}

/** Makes tokens, and reads them. The first secret signs; all of them verify, so that one can replace another. */
export class RunTokens {
  readonly #signer: { readonly kid: string; readonly key: KeyObject };
  readonly #keys: ReadonlyMap<string, KeyObject>;

  constructor(secrets: readonly [TokenSecret, ...TokenSecret[]]) {
    const keys = secrets.map(({ kid, secret }) => {
      if (secret.length < MIN_BYTES)
        throw new RangeError(
          `Expected the secret ${kid} to have ${MIN_BYTES} bytes or more, got ${secret.length}`,
        );
      return [kid, createSecretKey(secret)] as const;
    });
    const [[kid, key] = ['', createSecretKey(new Uint8Array(MIN_BYTES))]] = keys;
    this.#signer = { kid, key };
    this.#keys = new Map(keys);
  }

  /**
   * A token that says what is asked, whoever asks: `Minter` has the rules of callers. Rejects for what is neither for
   * one run nor for one definition, and with `INVALID_ARGUMENT` for what is out of bounds.
   */
  async mint(
    asked: Omit<RunTokenClaims, 'jti' | 'exp'>,
    expiresIn: number,
    now = Date.now(),
  ): Promise<MintedToken> {
    checkLifetime(expiresIn);
    checkActor({ name: asked.sub });
    const id = randomUUID();
    const iat = Math.floor(now / 1000);
    const exp = iat + expiresIn;
    const said = claims.parse({ ...asked, jti: id, exp });
    const token = await new SignJWT({ ...said, iat, aud: AUDIENCE })
      .setProtectedHeader({ alg: 'HS256', typ: RUN_TOKEN, kid: this.#signer.kid })
      .sign(this.#signer.key);
    // It would be made, and let nobody in.
    if (token.length > LIMITS.token.text)
      throw outOfBounds(
        'fixed',
        `to leave the token within ${LIMITS.token.text} characters, got one of ${token.length}.`,
      );
    return { token, id, expiresAt: new Date(exp * 1000) };
  }

  /** Rejects for any token that is not ours, or no longer. */
  async verify(token: string): Promise<RunTokenClaims> {
    const { payload } = await jwtVerify(token, ({ kid = '' }) => this.#keyOf(kid), {
      audience: AUDIENCE,
      algorithms: ['HS256'],
      typ: RUN_TOKEN,
      requiredClaims: ['exp', 'iat', 'jti', 'sub'],
    });
    return claims.parse(payload);
  }

  #keyOf(kid: string): KeyObject {
    const key = this.#keys.get(kid);
    if (!key) throw new Error(`No secret has the id ${JSON.stringify(kid)}`);
    return key;
  }
}

/** Throws `INVALID_ARGUMENT` unless a token may live for so many seconds. */
export function checkLifetime(expiresIn: number): void {
  if (!(Number.isInteger(expiresIn) && expiresIn >= 1 && expiresIn <= LIMITS.token.lifetime))
    throw outOfBounds(
      'expiresIn',
      `to be a whole number of seconds from 1 to ${LIMITS.token.lifetime} (a day), got ${expiresIn}.`,
    );
}

const AUDIENCE = 'waymark';
const MIN_BYTES = 32;

/** A token is a caller with one grant. */
export const callerOfToken = ({
  sub,
  ten,
  run,
  def,
  fix,
  once,
  can,
  see,
  jti,
}: RunTokenClaims): Caller => ({
  name: sub,
  tenant: ten ?? null,
  grants: [
    {
      can,
      ...(run !== undefined && { runs: [run] }),
      ...(def !== undefined && { definitions: [def] }),
    },
  ],
  ...(def !== undefined && {
    bound: { input: fix ?? {}, key: once ? `token:${jti}` : undefined, follow: see ?? [] },
  }),
});
