import { Agent } from 'node:http';
import Fastify from 'fastify';
import type { GatewayOptions } from '../src/api/gateway.ts';
import { gateway } from '../src/api/gateway.ts';
import { newApiKey } from '../src/login/api-keys.ts';
import { parseAuthFile } from '../src/login/auth-file.ts';
import { AuthRules } from '../src/login/auth-rules.ts';
import { Authenticator } from '../src/login/authenticator.ts';
import { AddressShares } from '../src/shares/address-shares.ts';
import { CallerBudgets } from '../src/shares/caller-budgets.ts';
import { ask, TRIGGER } from './ask.ts';
import type { Stage } from './stage.ts';
import { alternate, median, print, rate, ratio } from './stats.ts';

const ROUNDS = 11;
const STARTS = 150;
const LISTS = 60;
const IN_FLIGHT = 32;
const LEAST = 0.97;

const LIST = {
  query: '{ taskRuns(first: 50) { nodes { id name status createdAt } } }',
  expected: '"nodes"',
};

/** Triggers and lists with login, tenant, rights and limits, beside the same gateway with none of them. */
export async function benchLogin({ idleService: service, url }: Stage): Promise<void> {
  const [acme, above] = [newApiKey('acme'), newApiKey('above')];
  const plenty = { burst: 1_000_000, rate: 1_000_000 };
  const rules = new AuthRules(
    parseAuthFile(
      JSON.stringify({
        tenants: {},
        keys: [
          { id: 'acme', hashes: [acme.hash], tenant: 'acme', roles: ['operator'] },
          { id: 'above', hashes: [above.hash], tenant: '*', roles: ['operator'] },
        ],
        limits: { caller: plenty, tenant: plenty },
      }),
    ),
  );
  const options: GatewayOptions = {
    service,
    authenticate: new Authenticator({ rules }).authenticate,
    addresses: new AddressShares(() => rules.addressLimits),
    budgets: new CallerBudgets(() => ({
      caller: rules.callerAllowance,
      tenant: (name) => rules.tenantAllowance(name),
    })),
  };
  const app = Fastify();
  await app.register(gateway, options);
  const guarded = await app.listen({ host: '127.0.0.1', port: 0 });
  const agent = new Agent({ keepAlive: true, maxSockets: IN_FLIGHT });
  const plain = { url, agent };
  const as = ({ key }: typeof acme) => ({
    url: guarded,
    agent,
    headers: { authorization: `Bearer ${key}` },
  });
  const results = await alternate(ROUNDS, {
    triggerPlain: () => rate(STARTS, IN_FLIGHT, () => ask(TRIGGER, plain)),
    triggerKnown: () => rate(STARTS, IN_FLIGHT, () => ask(TRIGGER, as(above))),
    triggerTenant: () => rate(STARTS, IN_FLIGHT, () => ask(TRIGGER, as(acme))),
    listPlain: () => rate(LISTS, 1, () => ask(LIST, plain)),
    listKnown: () => rate(LISTS, 1, () => ask(LIST, as(above))),
    listTenant: () => rate(LISTS, 1, () => ask(LIST, as(acme))),
  });
  agent.destroy();
  await app.close();
  const perSecond = (name: keyof typeof results): string => `${median(results[name]).toFixed(0)}/s`;
  print(`Login, tenant, rights and limits, ${ROUNDS} rounds, beside none of them`, [
    { what: 'triggers without', measured: perSecond('triggerPlain') },
    { what: 'triggers with all', measured: perSecond('triggerTenant') },
    { what: 'lists of 50 without', measured: perSecond('listPlain') },
    { what: 'lists of 50 with all', measured: perSecond('listTenant') },
    {
      what: 'triggers, with all but a tenant / without',
      measured: ratio(results.triggerKnown, results.triggerPlain).toFixed(3),
    },
    {
      what: 'lists, with all but a tenant / without',
      measured: ratio(results.listKnown, results.listPlain).toFixed(3),
    },
    share('triggers, with all / without', ratio(results.triggerTenant, results.triggerPlain)),
    share('lists, with all / without', ratio(results.listTenant, results.listPlain)),
  ]);
}

const share = (what: string, value: number) => ({
  what,
  measured: value.toFixed(3),
  target: `≥ ${LEAST}`,
  met: value >= LEAST,
});
