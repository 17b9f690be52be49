// How the programs start with a login, without one, and with one that cannot be used: in processes of their own.
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, inject, onTestFinished, test, vi } from 'vitest';
import { newApiKey } from '../../src/login/api-keys.ts';
import { Program } from '../local/support/program.ts';
import { AUDIENCE, newKey, startProvider } from '../login/support/provider.ts';
import { eventually } from '../support/whole.ts';
import { TRANSPORTS } from './support.ts';

const GATEWAY = 'src/api/server.ts';
const { key, hash } = newApiKey('ci');
let file: string;
beforeEach(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'waymark-start-'));
  file = join(folder, 'auth.json');
  onTestFinished(() => rm(folder, { recursive: true }));
});

const start = (env: Readonly<Record<string, string>>, program = GATEWAY): Promise<Program> =>
  Program.start(program, {
    TEMPORAL_ADDRESS: inject('temporal').address,
    WAYMARK_TASK_QUEUE: randomUUID(),
    ...env,
  });
const addressOf = async (program: Program): Promise<string> =>
  `http://127.0.0.1:${new URL(await program.said(/GraphQL at (http:\S+)"/)).port}`;

describe('on a network without a login', () => {
  test.each([GATEWAY, 'src/local/start.ts'])(
    '%s does not start, and says what to set',
    async (what) => {
      const program = await start({ HOST: '0.0.0.0' }, what);
      expect(await program.exited()).toBe(2);
      expect(program.output).toContain('HOST: expected an address of this machine alone');
      for (const name of ['WAYMARK_AUTH_FILE', 'WAYMARK_OIDC_ISSUER', 'WAYMARK_ACTOR_HEADER'])
        expect(program.output).toContain(name);
      expect(program.output).toContain('WAYMARK_AUTH=none');
      expect(program.output).not.toContain('GraphQL');
    },
  );

  test('it starts when that was meant, with a warning', async () => {
    const program = await start({ HOST: '0.0.0.0', WAYMARK_AUTH: 'none' });
    const address = await addressOf(program);
    expect(program.output).toContain('whoever reaches the gateway on 0.0.0.0 may do everything');
    const { body } = await TRANSPORTS.HTTP({ address, headers: {} }, '{ me { name } }');
    expect(body).toEqual({ data: { me: { name: 'anonymous' } } });
    program.signal('SIGTERM');
    expect(await program.exited()).toBe(0);
  });
});

describe('with an auth file', () => {
  const CI = { id: 'ci', hashes: [hash], roles: ['operator'] };

  test.each<[string, string, readonly string[]]>([
    ['is half written', JSON.stringify({ keys: [CI] }).slice(0, 40), ['Expected JSON']],
    [
      'has three faults',
      JSON.stringify({
        keys: [
          { ...CI, roles: ['boss'] },
          { ...CI, tenant: 'acme' },
        ],
      }),
      [
        'keys.0.roles: there is no role "boss"',
        'keys.1.tenant: there are no tenants',
        'two keys have the id "ci"',
      ],
    ],
    ['has a word that nobody knows', JSON.stringify({ key: [CI] }), ['"key"']],
  ])('that %s it does not start, and tells every fault', async (_, text, faults) => {
    await writeFile(file, text);
    const program = await start({ HOST: '0.0.0.0', WAYMARK_AUTH_FILE: file });
    expect(await program.exited()).toBe(2);
    expect(program.output).toContain('WAYMARK_AUTH_FILE');
    for (const fault of faults) expect(program.output).toContain(fault);
  });

  test('it lets in whom the file knows, and goes on by its rules of before when that breaks', async () => {
    await writeFile(file, JSON.stringify({ keys: [CI] }));
    const program = await start({ HOST: '0.0.0.0', WAYMARK_AUTH_FILE: file });
    const address = await addressOf(program);
    const ask = async (credential: string) =>
      await TRANSPORTS.HTTP({ address, headers: { authorization: credential } }, '{ me { name } }');
    expect((await ask(`Bearer ${key}`)).body.data.me.name).toBe('key ci');
    expect((await ask('Bearer nobody')).status).toBe(401);
    await writeFile(file, '{ "keys": [');
    await program.said(/the rules of before hold/);
    expect((await ask(`Bearer ${key}`)).status).toBe(200);
    await writeFile(file, JSON.stringify({ keys: [CI], revoked: ['key:ci'] }));
    await eventually(async () => expect((await ask(`Bearer ${key}`)).status).toBe(401));
    expect(program.output.match(/the rules of before hold/g)).toHaveLength(1);
    expect(program.output).not.toContain(key.slice(-20));
  });

  test('it starts while the provider is down: others are let in, and its own when it is there', async () => {
    vi.spyOn(console, 'warn').mockReturnValue();
    vi.spyOn(console, 'info').mockReturnValue();
    const provider = await startProvider([await newKey('first')], { ann: { groups: ['all'] } });
    onTestFinished(() => provider.down());
    const token = await provider.accessToken('ann');
    await provider.down();
    await writeFile(
      file,
      JSON.stringify({
        keys: [CI],
        bindings: [{ claim: 'groups', has: 'all', roles: ['viewer'] }],
      }),
    );
    const program = await start({
      HOST: '0.0.0.0',
      WAYMARK_AUTH_FILE: file,
      WAYMARK_OIDC_ISSUER: provider.issuer,
      WAYMARK_OIDC_AUDIENCE: AUDIENCE,
    });
    const address = await addressOf(program);
    const ask = async (credential: string) =>
      await TRANSPORTS.HTTP(
        { address, headers: { authorization: `Bearer ${credential}` } },
        '{ me { name } }',
      );
    await program.said(/cannot be used yet/);
    expect((await ask(key)).status).toBe(200);
    const { status, body } = await ask(token);
    expect({ status, code: body.errors[0].extensions.code }).toEqual({
      status: 503,
      code: 'UNAVAILABLE',
    });
    await provider.up();
    await eventually(
      async () => expect((await ask(token)).body).toEqual({ data: { me: { name: 'ann' } } }),
      {
        within: 60_000,
      },
    );
  });
});
