/** The credential of a caller, such as an access token or an API key. */
export type Token =
  | string
  | undefined
  /** `refused`: the gateway took the last one no longer, so one that is kept is of no use. */
  | ((asked: { readonly refused: boolean }) => string | undefined | Promise<string | undefined>);

export interface CredentialOptions {
  /** Asked for before each request and each connection, if it is a function. */
  readonly token?: Token;
  /** The tenant that is asked for, where the credential is good for several. */
  readonly tenant?: string | undefined;
  /** Sent with requests and event streams. A socket carries none: browsers have no way to. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** What is shown of who asks. */
export class Credentials {
  readonly #options: CredentialOptions;
  #refused = false;

  constructor(options: CredentialOptions) {
    this.#options = options;
  }

  async headers(): Promise<Readonly<Record<string, string>>> {
    const { authorization, tenant } = await this.said();
    const headers = { ...this.#options.headers };
    if (authorization !== undefined) headers['authorization'] = authorization;
    if (tenant !== undefined) headers['x-tenant'] = tenant;
    return headers;
  }

  /** What a socket says when it opens. */
  async said(): Promise<{ authorization: string | undefined; tenant: string | undefined }> {
    const { token, tenant } = this.#options;
    const refused = this.#refused;
    this.#refused = false;
    const shown = typeof token === 'function' ? await token({ refused }) : token;
    return { authorization: shown && `Bearer ${shown}`, tenant };
  }

  /** The last one was not taken. Whether there may be another. */
  refuse(): boolean {
    this.#refused = true;
    return typeof this.#options.token === 'function';
  }
}
