import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { loadConfig } from '../../src/process/config.ts';
import { SWITCHES } from '../../src/local/temporal-server.ts';

const read = (name: string) => readFile(new URL(`../../${name}`, import.meta.url), 'utf8');

/** `NAME: value` lines of one block, with what a shell would put in for `${NAME:-standard}`. */
function settings(compose: string, block: string): Record<string, string> {
  const start = compose.search(new RegExp(`^ *${block}:`, 'm'));
  const [, ...rest] = compose.slice(start).split('\n');
  const indent = compose.slice(start).match(/^ */)?.[0].length ?? 0;
  const end = rest.findIndex((line) => line.trim() && line.search(/\S/) <= indent);
  return Object.fromEntries(
    rest
      .slice(0, end)
      .map((line) => /^ +([A-Z_]+): ["']?(.*?)["']?$/.exec(line))
      .flatMap((match) =>
        match?.[1] ? [[match[1], (match[2] ?? '').replace(/^\$\{\w+:?-(.*)\}$/, '$1')]] : [],
      ),
  );
}

test.each(['gateway', 'worker'])('what compose sets for the %s is a setting', async (service) => {
  const compose = await read('docker-compose.yml');
  const shared = settings(compose, 'x-waymark-environment');
  const config = loadConfig({ ...shared, ...settings(compose, service) });
  expect(config.warnings).toEqual([]);
  expect(config.temporal).toMatchObject({
    address: 'temporal:7233',
    namespace: 'waymark',
    external: true,
  });
  expect(service === 'gateway' ? [config.host, config.port] : config.dataDir).toEqual(
    service === 'gateway' ? ['0.0.0.0', 4000] : '/data',
  );
});

test('compose publishes nothing beyond this machine, where nobody logs in unless that is set', async () => {
  const compose = await read('docker-compose.yml');
  const published = [...compose.matchAll(/^ +ports: \[(.*)\]$/gm)].map(([, ports]) => ports ?? '');
  expect(published).toHaveLength(compose.match(/ports:/g)?.length ?? 0);
  expect(published.filter((ports) => !/^'127\.0\.0\.1:\d+:\d+'$/.test(ports))).toEqual([]);
  // One that is set and not handed on would leave everything open to whoever believes it to be closed.
  const config = await read('src/process/config.ts');
  const logins = [...config.matchAll(/^ {2}(WAYMARK_(?:AUTH|OIDC|TOKEN|ACTOR|TRUSTED)\w*):/gm)].map(
    ([, name = '']) => name,
  );
  expect(logins.length).toBeGreaterThan(7);
  const handed = Object.keys(settings(compose, 'gateway'));
  expect(logins.filter((name) => !handed.includes(name))).toEqual([]);
  expect(compose).toContain('WAYMARK_AUTH: ${WAYMARK_AUTH-none}');
});

test('the namespace that compose creates is the one that is used', async () => {
  const compose = await read('docker-compose.yml');
  const { TEMPORAL_NAMESPACE } = settings(compose, 'x-waymark-environment');
  expect(compose).toContain(`namespace create -n ${TEMPORAL_NAMESPACE} `);
  expect(compose).toContain(`TEMPORAL_DEFAULT_NAMESPACE: ${TEMPORAL_NAMESPACE}\n`);
});

test('a cluster gets every switch that the server on one machine has', async () => {
  const dynamic = await read('deploy/dynamic.yaml');
  for (const name of SWITCHES) expect(dynamic).toContain(`\n${name}:\n  - value: true\n`);
});

test('gateways ask less than the cluster allows', async () => {
  const shared = settings(await read('docker-compose.yml'), 'x-waymark-environment');
  const allowed = /namespaceRPS\.visibility:\n {2}- value: (\d+)/.exec(
    await read('deploy/dynamic.yaml'),
  );
  expect(Number(shared['WAYMARK_VISIBILITY_RATE'])).toBeLessThan(Number(allowed?.[1]));
});

test('every variable of the image is a setting', async () => {
  const [line = ''] = /^ENV .*/m.exec(await read('Dockerfile')) ?? [];
  const names = [...line.matchAll(/(\w+)=/g)].map((match) => match[1] ?? '');
  expect(names).toContain('WAYMARK_DATA_DIR');
  const env = Object.fromEntries(names.map((name) => [name, import.meta.filename]));
  expect(loadConfig(env).warnings).toEqual([]);
});

test('the image has a Node that the package is made for', async () => {
  const majors = [...(await read('Dockerfile')).matchAll(/^FROM node:(\d+)-/gm)];
  const { engines } = JSON.parse(await read('package.json')) as { engines: { node: string } };
  const lines = [...engines.node.matchAll(/(\d+)\.\d+\.\d+/g)].map(([, line]) => line);
  expect(majors).toHaveLength(2);
  for (const [, major] of majors) expect(lines).toContain(major);
});
