import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { freePorts } from '../../src/local/ports.ts';

const host = '127.0.0.1';
const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function taken(): Promise<number> {
  const server = createServer().listen(0, host);
  servers.push(server);
  await once(server, 'listening');
  const address = server.address();
  return typeof address === 'object' && address ? address.port : 0;
}

const want = (variable: string, port: number) => ({ variable, purpose: 'the test', host, port });

test('a taken port is an error that names it and the variable that moves it', async () => {
  const port = await taken();
  await expect(freePorts([want('PORT', 0), want('TEMPORAL_PORT', port)])).rejects.toThrow(
    `Expected 127.0.0.1:${port} to be free for the test, but something listens there. Stop it, or set TEMPORAL_PORT to another port.`,
  );
});

test('the same port twice names both variables', async () => {
  await expect(freePorts([want('PORT', 45_671), want('TEMPORAL_PORT', 45_671)])).rejects.toThrow(
    'Expected PORT and TEMPORAL_PORT to differ, got 45671 for both.',
  );
});

test('0 becomes a free port, another one each time it is asked', async () => {
  const ports = await freePorts([want('A', 0), want('B', 0), want('C', 0)]);
  expect(new Set(ports).size).toBe(3);
  expect(ports.every((port) => port > 0)).toBe(true);
});

test('what was looked at is free again', async () => {
  const [port = 0] = await freePorts([want('A', 0)]);
  await expect(freePorts([want('A', port)])).resolves.toEqual([port]);
});

test('a host that is not of this machine is an error of HOST', async () => {
  await expect(freePorts([{ ...want('PORT', 0), host: '192.0.2.1' }])).rejects.toThrow(
    /192\.0\.2\.1:0.*EADDRNOTAVAIL.*HOST/,
  );
});
