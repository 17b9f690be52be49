/**
 * Nobody is let in with this. Every unknown, wrong, expired or revoked credential is answered in the same words;
 * `why` is for the audit alone.
 */
export class Unauthenticated extends Error {
  override readonly name = 'Unauthenticated';
  readonly statusCode = 401;
  readonly code = 'UNAUTHENTICATED';

  readonly why: string;
  /** Whose it is, when it is a good one that was taken back; for the audit alone. */
  readonly credentialId: string | undefined;

  constructor(why: string, { credentialId, ...options }: RefusalOptions = {}) {
    super('Expected a valid credential: `Authorization: Bearer …`.', options);
    this.why = why;
    this.credentialId = credentialId;
  }
}

interface RefusalOptions extends ErrorOptions {
  readonly credentialId?: string | undefined;
}

/** The credential is good, and gives nothing here. */
export class NotAdmitted extends Error {
  override readonly name = 'NotAdmitted';
  readonly statusCode = 403;
  readonly code = 'FORBIDDEN';

  readonly why: string;
  /** Whose it is; for the audit alone. */
  readonly credentialId: string | undefined;

  constructor(why: string, message: string, { credentialId, ...options }: RefusalOptions = {}) {
    super(message, options);
    this.why = why;
    this.credentialId = credentialId;
  }
}

/** Whether the credential is good cannot be told at the moment. */
export class LoginUnavailable extends Error {
  override readonly name = 'LoginUnavailable';
  readonly statusCode = 503;
  readonly code = 'UNAVAILABLE';
  readonly why = 'no-keys';

  constructor(options?: ErrorOptions) {
    super('The login provider cannot be reached. Try again in a moment.', options);
  }
}
