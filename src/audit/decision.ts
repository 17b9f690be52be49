import type { IncomingMessage } from 'node:http';
import type { Session } from '../login/session.ts';

/** What was decided about, with its category in ECS. */
export const ACTIONS = {
  'run-trigger': 'process',
  'run-rerun': 'process',
  'run-resume': 'process',
  'run-abort': 'process',
  'run-terminate': 'process',
  'run-delete': 'process',
  /** Of these only refusals are told. */
  'run-read': 'api',
  'log-read': 'api',
  'worker-read': 'api',
  'settings-read': 'api',
  'value-decode': 'api',
  'settings-change': 'configuration',
  'token-mint': 'iam',
  login: 'authentication',
  /** A long connection whose caller may no longer have it. */
  'session-end': 'session',
  'auth-file-reload': 'configuration',
  /** Lines for which there was no room. */
  'audit-drop': 'process',
} as const satisfies Readonly<Record<string, string>>;
export type AuditAction = keyof typeof ACTIONS;

/** What was decided. Nothing in it may be a credential, an input or an output. */
export interface Told {
  readonly action: AuditAction;
  /** `unknown` when it may have happened. */
  readonly outcome: 'success' | 'failure' | 'unknown';
  /** A code: of what came of it, or of why not, such as `right:abort`. */
  readonly reason?: string | undefined;
  readonly run?: string | undefined;
  /** The run that this one repeats. */
  readonly rerunOf?: string | undefined;
  /** The run that this one goes on from. */
  readonly resumeOf?: string | undefined;
  readonly definition?: string | undefined;
  /** Id of a token that was minted. */
  readonly token?: string | undefined;
  /** Why the caller did it, in its own words. */
  readonly said?: string | undefined;
  /** What the credential is called, when there is no session. */
  readonly credentialId?: string | undefined;
}

/** The same with who it was, and from where. */
export interface Decision extends Told {
  readonly session?: Session | undefined;
  readonly origin?: Origin | undefined;
}

export interface Origin {
  /** Of the client, as far as a proxy of ours tells. */
  readonly ip: string | undefined;
  /** Of the request, or of the socket. */
  readonly requestId: string | undefined;
  /** Of the caller's own trace, 32 hexadecimal digits. */
  readonly traceId: string | undefined;
}

/** Takes a decision, at once and whatever becomes of it. */
export type Tell = (told: Told) => void;

/** Of a `traceparent` header. */
export const traceOf = ({ headers }: IncomingMessage): string | undefined =>
  /^[\da-f]{2}-([\da-f]{32})-/.exec(String(headers['traceparent']))?.[1];
