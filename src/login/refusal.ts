/**
 * Nobody is let in with this. Every unknown, wrong, expired or revoked credential is answered in the same words;
 * `why` is for the audit alone.
 */
export class Unauthenticated extends Error {
  override readonly name = 'Unauthenticated';
  readonly statusCode = 401;
  readonly code = 'UNAUTHENTICATED';

  readonly why: string;

  constructor(why: string, options?: ErrorOptions) {
    super('Expected a valid credential: `Authorization: Bearer …`.', options);
    this.why = why;
  }
}

/** The credential is good, and gives nothing here. */
export class NotAdmitted extends Error {
  override readonly name = 'NotAdmitted';
  readonly statusCode = 403;
  readonly code = 'FORBIDDEN';

  readonly why: string;

  constructor(why: string, message: string) {
    super(message);
    this.why = why;
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
