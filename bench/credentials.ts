import { findApiKey, newApiKey } from '../src/login/api-keys.ts';
import { parseAuthFile } from '../src/login/auth-file.ts';
import { AuthRules } from '../src/login/auth-rules.ts';
import { Authenticator } from '../src/login/authenticator.ts';
import { RunTokens } from '../src/login/run-tokens.ts';
import { median, print } from './stats.ts';
import type { Row } from './stats.ts';

const ROUNDS = 30;
const CALLS = 500;

/** What it takes to know a caller again, by itself and with the session that is made of it. */
export async function benchCredentials(): Promise<void> {
  const { key, hash } = newApiKey('ci');
  const tokens = new RunTokens([{ kid: 'a', secret: new Uint8Array(32).fill(1) }]);
  const rules = new AuthRules(
    parseAuthFile(JSON.stringify({ keys: [{ id: 'ci', hashes: [hash], roles: ['operator'] }] })),
  );
  const { authenticate } = new Authenticator({ rules, tokens });
  const { token } = await tokens.mint({ sub: 'ann', run: 'walk-1', can: ['read', 'logs'] }, 900);
  const session = (shown: string) => () =>
    authenticate({
      authorization: [`Bearer ${shown}`],
      headers: {},
      remoteAddress: undefined,
      tenant: undefined,
    });
  print(`Credentials, median of ${ROUNDS} rounds of ${CALLS}, one after another`, [
    await row('a run token is verified', 100, () => tokens.verify(token)),
    await row('an API key is verified', 5, () => findApiKey(rules.keys, key)),
    await row('a session of a run token', undefined, session(token)),
    await row('a session of an API key', undefined, session(key)),
  ]);
}

async function row(what: string, most: number | undefined, work: () => unknown): Promise<Row> {
  const measured = await micros(work);
  return {
    what,
    measured: `${measured.toFixed(1)} µs`,
    ...(most !== undefined && { target: `≤ ${most} µs`, met: measured <= most }),
  };
}

/** Microseconds of one call. */
async function micros(work: () => unknown): Promise<number> {
  const rounds: number[] = [];
  // The first ones warm up.
  for (let round = -5; round < ROUNDS; round++) {
    const began = performance.now();
    for (let call = 0; call < CALLS; call++) {
      const answer = work();
      if (answer instanceof Promise) await answer;
    }
    if (round >= 0) rounds.push(((performance.now() - began) * 1000) / CALLS);
  }
  return median(rounds);
}
