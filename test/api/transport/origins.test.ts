import { afterEach, expect, test } from 'vitest';
import type { FastifyInstance } from 'fastify';
import { testGateway } from '../support/app.ts';

const APP = 'https://app.example.com';
const open: FastifyInstance[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((app) => app.close()));
});
async function start(origins?: 'any' | readonly string[]): Promise<string> {
  const { app } = await testGateway({ origins });
  open.push(app);
  return await app.listen({ port: 0, host: '127.0.0.1' });
}
const preflight = async (url: string, origin: string) =>
  await fetch(url, {
    method: 'OPTIONS',
    headers: {
      origin,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'content-type, authorization',
    },
  });
const askedBy = async (url: string, origin: string) =>
  await fetch(`${url}?query={__typename}`, {
    headers: { origin, accept: url.endsWith('stream') ? 'text/event-stream' : '*/*' },
  });
const allowed = ({ headers }: Response) => headers.get('access-control-allow-origin');

test.each(['/graphql', '/graphql/stream'])(
  'a page that may use %s asks and reads',
  async (path) => {
    const url = `${await start([APP])}${path}`;
    const asked = await preflight(url, APP);
    expect(asked.status).toBe(204);
    expect(allowed(asked)).toBe(APP);
    expect(asked.headers.get('access-control-allow-methods')).toBe('GET, POST');
    expect(asked.headers.get('access-control-allow-headers')).toBe('content-type, authorization');
    expect(asked.headers.get('access-control-max-age')).toBe('600');
    expect(asked.headers.get('cache-control')).toBeNull();
    const answer = await askedBy(url, APP);
    expect(await answer.text()).toContain('{"data":{"__typename":"Query"}}');
    expect(allowed(answer)).toBe(APP);
    expect(answer.headers.get('access-control-allow-credentials')).toBe('true');
    expect(answer.headers.get('vary')?.toLowerCase()).toContain('origin');
  },
);

test.each(['/graphql', '/graphql/stream'])('another page reads nothing of %s', async (path) => {
  const url = `${await start([APP])}${path}`;
  for (const origin of ['https://evil.example', `${APP}.evil.example`, 'null']) {
    expect(allowed(await preflight(url, origin))).toBeNull();
    expect(allowed(await askedBy(url, origin))).toBeNull();
  }
});

test('a page that is refused is told so, in a form that it can read', async () => {
  const url = `${await start([APP])}/graphql`;
  const answer = await fetch(url, { method: 'POST', headers: { origin: APP }, body: 'x' });
  expect(answer.status).toBe(400);
  expect(allowed(answer)).toBe(APP);
});

test('any page may ask where that is said, and is sent no cookies', async () => {
  const url = `${await start('any')}/graphql`;
  const answer = await askedBy(url, 'https://evil.example');
  expect(allowed(answer)).toBe('*');
  expect(answer.headers.get('access-control-allow-credentials')).toBeNull();
});

test.each([undefined, []])(
  'no page but its own may by default, and nothing is cached for long',
  async (origins) => {
    const url = `${await start(origins)}/graphql`;
    expect(allowed(await preflight(url, APP))).toBeNull();
    expect(allowed(await askedBy(url, APP))).toBeNull();
    const options = await fetch(url, { method: 'OPTIONS' });
    expect(options.status).toBe(204);
    expect(options.headers.get('allow')).toBe('GET, POST, OPTIONS');
    expect(options.headers.get('cache-control')).toBeNull();
  },
);
