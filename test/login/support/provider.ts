import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair } from 'jose';
import type { JWK } from 'jose';
import { Provider } from 'oidc-provider';

export const AUDIENCE = 'https://waymark.test';

export async function newKey(kid: string, alg = 'RS256'): Promise<JWK> {
  const { privateKey } = await generateKeyPair(alg, { extractable: true });
  return { ...(await exportJWK(privateKey)), kid, alg, use: 'sig' };
}

/** A real OpenID provider on this machine. `rotate` gives it other keys; it counts who asks for them. */
export interface TestProvider {
  readonly issuer: string;
  readonly fetches: { keys: number };
  readonly rotate: (keys: readonly JWK[]) => void;
  /** An access token of one of its clients, for `AUDIENCE`. Default: `ci`. */
  readonly accessToken: (client?: string) => Promise<string>;
  /** What the same client is told at a login of who has logged in: for the client alone. Default: `ci`. */
  readonly idToken: (client?: string) => Promise<string>;
  readonly down: () => Promise<void>;
  readonly up: () => Promise<void>;
}

/** What the tokens of a client say, beside `sub`, which is the client. */
export type ClientClaims = Readonly<Record<string, Readonly<Record<string, unknown>>>>;
const CI: ClientClaims = { ci: { tenant: 'acme', groups: ['tasks-operators'] } };

export async function startProvider(
  first: readonly JWK[],
  clients: ClientClaims = CI,
): Promise<TestProvider> {
  let provider: Provider;
  let handle: ReturnType<Provider['callback']> | undefined;
  const fetches = { keys: 0 };
  const server = createServer((request, response) => {
    if (request.url === '/jwks') fetches.keys++;
    void handle?.(request, response);
  });
  const listen = (port: number): Promise<void> =>
    new Promise((resolve) => void server.listen(port, '127.0.0.1', resolve));
  await listen(0);
  const { port } = server.address() as AddressInfo;
  const issuer = `http://127.0.0.1:${port}`;
  const rotate = (keys: readonly JWK[]): void => {
    provider = providerOf(issuer, keys, clients);
    handle = provider.callback();
  };
  rotate(first);
  const tokensOf = async (
    client: string,
    asked: Readonly<Record<string, string>>,
  ): Promise<{ readonly access_token: string; readonly id_token: string }> => {
    const answer = await fetch(`${issuer}/token`, {
      method: 'POST',
      headers: { authorization: `Basic ${btoa(`${encodeURIComponent(client)}:secret`)}` },
      body: new URLSearchParams(asked),
    });
    return (await answer.json()) as { access_token: string; id_token: string };
  };
  return {
    issuer,
    fetches,
    rotate,
    accessToken: async (client = 'ci') => {
      const asked = { grant_type: 'client_credentials', scope: 'tasks', resource: AUDIENCE };
      return (await tokensOf(client, asked)).access_token;
    },
    idToken: async (client = 'ci') => {
      const code = await codeOf(provider, client);
      const asked = { grant_type: 'authorization_code', code, redirect_uri: REDIRECT };
      return (await tokensOf(client, asked)).id_token;
    },
    down: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
    up: () => listen(port),
  };
}

const REDIRECT = 'https://console.waymark.test/';

/** What a page is sent back with after somebody has logged in, of the same name as the client. */
async function codeOf(provider: Provider, name: string): Promise<string> {
  const client = await provider.Client.find(name);
  if (!client) throw new Error(`Expected a client ${name}`);
  const grant = new provider.Grant({ accountId: name, clientId: name });
  grant.addOIDCScope('openid');
  const grantId = await grant.save();
  const code = new provider.AuthorizationCode({
    client,
    grantId,
    accountId: name,
    scope: 'openid',
    redirectUri: REDIRECT,
    gty: 'authorization_code',
  });
  return await code.save();
}

function providerOf(issuer: string, keys: readonly JWK[], clients: ClientClaims): Provider {
  const alg = (keys[0]?.alg ?? 'RS256') as 'RS256';
  return new Provider(issuer, {
    jwks: { keys: [...keys] as never },
    clientDefaults: { id_token_signed_response_alg: alg },
    clients: Object.keys(clients).map((client) => ({
      client_id: client,
      client_secret: 'secret',
      grant_types: ['client_credentials', 'authorization_code'],
      redirect_uris: [REDIRECT],
      response_types: ['code'],
    })),
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => AUDIENCE,
        useGrantedResource: () => true,
        getResourceServerInfo: (_context, audience) => ({
          scope: 'tasks',
          audience,
          accessTokenFormat: 'jwt',
          accessTokenTTL: 3600,
          jwt: { sign: { alg } },
        }),
      },
    },
    extraTokenClaims: (_, { clientId = '' }) => clients[clientId] ?? {},
    findAccount: (_, accountId) => ({ accountId, claims: () => ({ sub: accountId }) }),
    scopes: ['openid', 'tasks'],
  });
}
