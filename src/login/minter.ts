import type { Caller, Right } from '../contract/caller.ts';
import { unknownDefinition } from '../contract/rules/find-definition.ts';
import { TaskError, outOfBounds } from '../contract/task-error.ts';
import type { TaskRun } from '../contract/task-run.ts';
import type { Tasks } from '../contract/tasks.ts';
import { forbidden } from '../rights/forbidden.ts';
import { may, toSubject } from '../rights/rights.ts';
import { RUN_RIGHTS, checkLifetime } from './run-tokens.ts';
import type { MintedToken, RunTokenClaims, RunTokens } from './run-tokens.ts';
import type { CredentialKind, Session } from './session.ts';

export interface MinterOptions {
  /** Undefined: there is no secret to sign with. */
  readonly tokens: RunTokens | undefined;
  readonly session: Session;
  /** As this caller sees them. */
  readonly tasks: Pick<Tasks, 'definitions' | 'get'>;
}

export interface TokenAsked {
  /** Default: `read` and `logs`, as far as the caller has them. */
  readonly can?: readonly Right[] | undefined;
  /** Seconds. */
  readonly expiresIn: number;
}

export interface TriggerTokenAsked {
  readonly definition: string;
  /** Fields of the input that are as they are here. */
  readonly fixed?: unknown;
  /** However often it is used, it is one run. */
  readonly once: boolean;
  /** Seconds. */
  readonly expiresIn: number;
}

/**
 * Makes tokens for one caller, who hands on what it may do itself and no more. All of it throws `FORBIDDEN` for callers
 * that mint nothing and rights that they lack, and `INVALID_ARGUMENT` for what is out of bounds.
 */
export class Minter {
  readonly #options: MinterOptions;

  constructor(options: MinterOptions) {
    this.#options = options;
  }

  /** A token for one run. Throws `TASK_RUN_NOT_FOUND` for one that the caller does not see. */
  async forRun(id: string, asked: TokenAsked): Promise<MintedToken> {
    const { tasks, session } = this.#options;
    this.#assertMints();
    checkAsked(asked);
    const run = await tasks.get(id);
    return await this.#mintForRun(run, asked, (right) => mayOf(session.caller, right, run));
  }

  /** A token for a run that the caller has just triggered: of a trigger token too, whose holder goes on by it. */
  async forTriggered(run: TaskRun, asked: TokenAsked): Promise<MintedToken> {
    const { caller, credential, credentialId } = this.#options.session;
    if (credential === 'RUN_TOKEN' && caller.bound) {
      const { follow = [] } = caller.bound;
      const of = credentialId?.replace(/^token:/, '');
      return await this.#mintForRun(run, asked, (right) => follow.includes(right), { of });
    }
    this.#assertMints();
    return await this.#mintForRun(run, asked, (right) => mayOf(caller, right, run));
  }

  /** A token that triggers one definition. Throws `TASK_DEFINITION_NOT_FOUND` for one that the caller is not told of. */
  async forTrigger(asked: TriggerTokenAsked): Promise<MintedToken> {
    const { definition, fixed = {}, once, expiresIn } = asked;
    const { tasks, session } = this.#options;
    const { caller } = session;
    this.#assertMints();
    checkLifetime(expiresIn);
    if (!isFields(fixed)) throw outOfBounds('fixed', 'to be an object: fields of the input.');
    const ids = tasks.definitions().map(({ id }) => id);
    if (!ids.includes(definition)) throw unknownDefinition(definition, ids);
    // Its runs will be the caller's own.
    const mayHere = (right: Right): boolean =>
      may(caller, right, { definition, triggeredBy: caller.name });
    if (!mayHere('trigger')) throw forbidden('trigger');
    const said = {
      def: definition,
      can: ['trigger' as const],
      ...(Object.keys(fixed).length > 0 && { fix: fixed }),
      ...(once && { once }),
      see: FOLLOWING.filter(mayHere),
    };
    return await this.#mint(said, expiresIn);
  }

  async #mintForRun(
    { id }: TaskRun,
    asked: TokenAsked,
    has: (right: Right) => boolean,
    more: Pick<RunTokenClaims, 'of'> = {},
  ): Promise<MintedToken> {
    checkAsked(asked);
    const can = [
      ...new Set(asked.can ?? FOLLOWING.filter((right) => right === 'read' || has(right))),
    ];
    const lacking = can.find((right) => !has(right));
    if (lacking !== undefined) throw forbidden(lacking);
    return await this.#mint({ run: id, can, ...more }, asked.expiresIn);
  }

  #assertMints(): void {
    assertSecret(this.#options.tokens);
    const { caller, credential } = this.#options.session;
    // What it is bound to would not hold for a token of its own.
    if (credential === 'RUN_TOKEN' || caller.bound)
      throw new TaskError('FORBIDDEN', 'Whoever came by a token mints no other.');
    if (!MINTING.has(credential))
      throw new TaskError('FORBIDDEN', 'Only whoever has logged in mints tokens.');
  }

  /** The one place where a token is made for a caller. */
  async #mint(
    said: Omit<RunTokenClaims, 'sub' | 'ten' | 'jti' | 'exp'>,
    expiresIn: number,
  ): Promise<MintedToken> {
    const { tokens, session } = this.#options;
    assertSecret(tokens);
    const { name, tenant } = session.caller;
    const claims = { ...said, sub: name, ...(tenant != null && { ten: tenant }) };
    return await tokens.mint(claims, expiresIn);
  }
}

/** Each is somebody that the auth file or the proxy vouches for. */
const MINTING: ReadonlySet<CredentialKind> = new Set(['OIDC', 'API_KEY', 'PROXY']);

function assertSecret(tokens: RunTokens | undefined): asserts tokens {
  if (!tokens)
    throw new TaskError(
      'FORBIDDEN',
      'This gateway mints no tokens: it has no secret to sign them with (`WAYMARK_TOKEN_SECRETS`).',
    );
}

/** What whoever follows a run needs. */
const FOLLOWING = ['read', 'logs'] as const satisfies readonly Right[];

const mayOf = (caller: Caller, right: Right, run: TaskRun): boolean =>
  may(caller, right, toSubject(run));

function checkAsked({ can, expiresIn }: TokenAsked): void {
  checkLifetime(expiresIn);
  if (!can) return;
  const other = can.find((right) => !RUN_RIGHTS.includes(right));
  if (other !== undefined)
    throw outOfBounds(
      'can',
      `to be rights that one run can give (${RUN_RIGHTS.join(', ')}), got \`${other}\`.`,
    );
  if (!can.includes('read'))
    throw outOfBounds('can', 'to have `read`: without it there is no run to do anything with.');
}

const isFields = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
