import type { Audit } from '../audit/audit.ts';
import { AuthFileError, parseAuthFile } from '../login/auth-file.ts';
import type { AuthFile } from '../login/auth-file.ts';
import { AuthRules } from '../login/auth-rules.ts';
import { Authenticator } from '../login/authenticator.ts';
import { isSafe, OidcVerifier } from '../login/oidc-verifier.ts';
import { RunTokens } from '../login/run-tokens.ts';
import type { Authenticate } from '../login/session.ts';
import { trustedPeers } from '../login/trusted-peers.ts';
import { watchAuthFile } from '../login/watch-auth-file.ts';
import { isLoopback } from '../login/is-loopback.ts';
import { AddressShares } from '../shares/address-shares.ts';
import { CallerBudgets } from '../shares/caller-budgets.ts';
import { ConfigError } from './config.ts';
import type { Config } from './config.ts';
import { readNamedFile } from './read-named-file.ts';
import type { Logger } from './logger.ts';

export interface Login {
  /** Undefined: nobody logs in, and everybody may do everything. */
  readonly authenticate: Authenticate | undefined;
  /** Undefined: there is no secret, and no tokens are minted. */
  readonly tokens: RunTokens | undefined;
  /** Undefined: nobody logs in, and everybody may ask for as much as they like. */
  readonly budgets: CallerBudgets | undefined;
  readonly addresses: AddressShares | undefined;
  /** Tells what the auth file says of activities of a tenant, a second: now, and when it has changed. */
  readonly onActivityRate: (told: (perSecond: number | null) => void) => void;
  readonly close: () => Promise<void>;
}

/**
 * How a gateway of this configuration knows its callers. Throws `ConfigError` for a file that cannot be used, with
 * every fault of it, and where everybody on a network could do everything and nobody said that this is meant.
 */
export async function openLogin(
  { host, login }: Pick<Config, 'host' | 'login'>,
  logger: Logger,
  audit?: Audit,
): Promise<Login> {
  const { file, oidc: provider, proxy, tokenSecrets } = login;
  if (file === undefined && proxy === undefined) return withoutLogin(host, login.none, logger);

  if (provider && !isSafe(new URL(provider.issuer)))
    throw new ConfigError(
      `WAYMARK_OIDC_ISSUER: expected an https address, or an http one of this machine, got \`${provider.issuer}\``,
    );
  const text = file === undefined ? undefined : await readNamedFile('WAYMARK_AUTH_FILE', file);
  const oidc = provider && new OidcVerifier({ ...provider, report: (line) => logger.info(line) });
  const [first, ...others] = tokenSecrets;
  const tokens = first && new RunTokens([first, ...others]);
  const authenticator = new Authenticator({
    rules: new AuthRules(text === undefined ? NAMED_BY_PROXY : parseOrRefuse(file, text)),
    oidc,
    nameClaim: login.nameClaim,
    tokens,
    proxy: proxy && { header: proxy.header, isTrusted: trustedPeers(proxy.trusted) },
  });
  const budgets = new CallerBudgets(() => ({
    caller: authenticator.rules.callerAllowance,
    tenant: (name) => authenticator.rules.tenantAllowance(name),
  }));
  const addresses = new AddressShares(() => authenticator.rules.addressLimits, {
    isTrusted: trustedPeers(login.proxies),
  });
  const listeners: ((perSecond: number | null) => void)[] = [];
  const closing = new AbortController();
  const watching =
    file !== undefined && text !== undefined
      ? watchAuthFile(file, {
          text,
          signal: closing.signal,
          changed: (rules) => {
            authenticator.rules = new AuthRules(rules);
            for (const told of listeners) told(authenticator.rules.activitiesPerSecond);
            audit?.tell({ action: 'auth-file-reload', outcome: 'success' });
            logger.info(`${file} has changed: its rules hold from now on`);
          },
          failed: (error) => {
            audit?.tell({ action: 'auth-file-reload', outcome: 'failure', reason: 'unusable' });
            logger.error({ err: error }, `${file} cannot be used: the rules of before hold`);
          },
        })
      : undefined;
  return {
    authenticate: authenticator.authenticate,
    tokens,
    budgets,
    addresses,
    onActivityRate: (told) => {
      if (file === undefined) return;
      listeners.push(told);
      told(authenticator.rules.activitiesPerSecond);
    },
    close: async () => {
      closing.abort();
      oidc?.close();
      await watching;
    },
  };
}

function withoutLogin(host: string, meant: boolean, logger: Logger): Login {
  if (meant)
    logger.warn(
      `WAYMARK_AUTH is \`none\`: whoever reaches the gateway on ${host} may do everything`,
    );
  else if (!isLoopback(host))
    throw new ConfigError(
      `HOST: expected an address of this machine alone, such as 127.0.0.1, because there is no login, got \`${host}\`: everybody who reaches it could do everything. Set a login (WAYMARK_AUTH_FILE, WAYMARK_OIDC_ISSUER or WAYMARK_ACTOR_HEADER), or WAYMARK_AUTH=none where something else lets in the right people alone`,
    );
  return {
    authenticate: undefined,
    tokens: undefined,
    budgets: undefined,
    addresses: undefined,
    onActivityRate: () => {},
    close: async () => {},
  };
}

/** Without a file, whomever the proxy lets in may do everything. */
const NAMED_BY_PROXY: AuthFile = parseAuthFile(
  JSON.stringify({ bindings: [{ claim: 'sub', has: '*', roles: ['admin'] }] }),
);

function parseOrRefuse(file: string | undefined, text: string): AuthFile {
  try {
    return parseAuthFile(text);
  } catch (cause) {
    if (!(cause instanceof AuthFileError)) throw cause;
    throw new ConfigError(`WAYMARK_AUTH_FILE: ${file} cannot be used:\n${cause.message}`, {
      cause,
    });
  }
}
