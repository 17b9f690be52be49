import type { IncomingHttpHeaders } from 'node:http';
import type { Caller } from '../contract/caller.ts';

/** Who is asked for by a request or a socket, and where it comes from. */
export interface Presented {
  /** Each value of the header, or what a socket sends when it opens. */
  readonly authorization: readonly string[];
  readonly headers: IncomingHttpHeaders;
  readonly remoteAddress: string | undefined;
  /** The tenant that is asked for, when the credential is good for several. */
  readonly tenant: string | undefined;
}

export type CredentialKind = 'NONE' | 'OIDC' | 'API_KEY' | 'RUN_TOKEN' | 'PROXY';

/** A caller that was recognised, and for how long. */
export interface Session {
  readonly caller: Caller;
  readonly credential: CredentialKind;
  /** What the audit calls it, such as `key:ci`; never the credential. */
  readonly credentialId: string | null;
  /** Milliseconds since 1970; null for one that does not end by itself. */
  readonly expiresAt: number | null;
  /**
   * Calls once when the session is over: its credential has expired, was revoked, or gives other rights now. Answers
   * what stops watching, which a long connection must call when it closes.
   */
  readonly watch: (ended: (end: SessionEnd) => void) => () => void;
}
export type SessionEnd = 'expired' | 'revoked' | 'changed';

/** A caller that is recognised for as long as it is connected. */
export const sessionOf = (caller: Caller): Session => ({
  caller,
  credential: 'NONE',
  credentialId: null,
  expiresAt: null,
  watch: () => () => {},
});

/** Throws, or rejects with, an error of a `statusCode` of 401 or 403 for whoever is not let in. */
export type Authenticate = (presented: Presented) => Promise<Session>;
