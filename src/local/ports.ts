import { once } from 'node:events';
import { createServer, type Server } from 'node:net';

export interface WantedPort {
  /** The setting that moves it. */
  readonly variable: string;
  /** Who will listen there. */
  readonly purpose: string;
  readonly host: string;
  /** 0 takes any free one. */
  readonly port: number;
}

/**
 * Answers the ports to use, in the order asked, after a look that each is free and none was asked for twice.
 * Whoever listens must still be ready to lose the race for it.
 */
export async function freePorts(wanted: readonly WantedPort[]): Promise<number[]> {
  const held: Server[] = [];
  try {
    const ports: number[] = [];
    for (const want of wanted) {
      const twin = wanted.find((other, at) => at < ports.length && other.port === want.port);
      if (twin && want.port !== 0)
        throw new Error(
          `Expected ${twin.variable} and ${want.variable} to differ, got ${want.port} for both.`,
        );
      const server = await hold(want);
      held.push(server);
      ports.push(portOf(server));
    }
    return ports;
  } finally {
    await Promise.all(held.map((server) => new Promise((resolve) => void server.close(resolve))));
  }
}

async function hold({ variable, purpose, host, port }: WantedPort): Promise<Server> {
  const server = createServer();
  server.listen({ host, port, exclusive: true });
  try {
    await once(server, 'listening');
    return server;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    throw new Error(refusal(code, `${host}:${port}`, variable, purpose), { cause: error });
  }
}

function refusal(code: unknown, place: string, variable: string, purpose: string): string {
  if (code === 'EADDRINUSE')
    return `Expected ${place} to be free for ${purpose}, but something listens there. Stop it, or set ${variable} to another port.`;
  if (code === 'EACCES')
    return `Expected to be allowed to listen at ${place} for ${purpose}, but the system refuses. Set ${variable} to a port above 1023.`;
  return `Expected to listen at ${place} for ${purpose}, but the system says ${String(code)}. Look at HOST and ${variable}.`;
}

function portOf(server: Server): number {
  const address = server.address();
  if (typeof address === 'object' && address) return address.port;
  throw new Error('Expected a listening server to have a port.');
}
