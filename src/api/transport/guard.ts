import type { FastifyInstance } from 'fastify';
import { Refused } from './errors.ts';
import { type Hosts, isForUs } from './host-names.ts';

/** Of every answer, unless a route says more. */
export const SAFE_HEADERS = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'content-security-policy': "frame-ancestors 'none'",
} as const;

/** What every request of a scope meets first: headers that keep browsers in bounds, and a look at whom it means. */
export function guard(
  app: FastifyInstance,
  { hosts }: { readonly hosts?: Hosts | undefined },
): void {
  app.addHook('onRequest', async ({ raw }, reply) => {
    for (const [name, value] of Object.entries(SAFE_HEADERS))
      if (!reply.hasHeader(name)) reply.header(name, value);
    if (!isForUs(raw, hosts))
      throw new Refused(
        421,
        'This gateway is not known by the host name of the request: its operator can allow it, by `WAYMARK_ALLOWED_HOSTS` or `hosts`.',
      );
  });
}
