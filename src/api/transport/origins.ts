import type { IncomingMessage } from 'node:http';
import cors from '@fastify/cors';
import type { FastifyInstance } from 'fastify';

/** Pages that may use the gateway, such as `https://app.example.com`, beside those of its own host. */
export type Origins = 'any' | readonly string[];

/** Has browsers let pages of other origins ask, and read the answers. */
export async function allowOrigins(app: FastifyInstance, origins: Origins): Promise<void> {
  await app.register(cors, {
    origin:
      origins === 'any'
        ? '*'
        : async (origin: string | undefined) => origin !== undefined && origins.includes(origin),
    // A proxy may know callers by a cookie; a page of just anybody is sent none.
    credentials: origins !== 'any',
    methods: ['GET', 'POST'],
    exposedHeaders: ['retry-after'],
    // Seconds: a page that is no longer allowed finds out soon.
    maxAge: 600,
    strictPreflight: false,
  });
}

/** Whether a socket may be opened: browsers ask nobody, and send their cookies whatever page opens it. */
export function mayOpen(
  { headers: { origin, host } }: Pick<IncomingMessage, 'headers'>,
  origins: Origins = [],
): boolean {
  // Only browsers send one.
  if (origin === undefined || origins === 'any') return true;
  return hostOf(origin) === host?.toLowerCase() || origins.includes(origin);
}

function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined;
}
