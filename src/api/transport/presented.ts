import type { IncomingMessage } from 'node:http';
import type { Presented } from '../../login/session.ts';

/** What a request shows of who asks; of a socket, what it says when it opens, and else the request that opened it. */
export function presentedBy(request: IncomingMessage, said: Said = {}): Presented {
  const { headers, socket } = request;
  const credential = said['authorization'] ?? said['Authorization'];
  const tenant = said['tenant'] ?? headers['x-tenant'];
  return {
    authorization:
      credential === undefined ? valuesOf(request, 'authorization') : [textOf(credential)],
    headers,
    remoteAddress: socket.remoteAddress,
    tenant: tenant === undefined ? undefined : textOf(tenant),
  };
}

/** The payload of a socket's `connection_init`. */
export type Said = Readonly<Record<string, unknown>>;

/** What is no text is a credential that nobody has, and a tenant that there is none of. */
const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

/** Of a header that is sent twice Node keeps the first alone: whoever checks another one lets in somebody else. */
function valuesOf({ rawHeaders }: IncomingMessage, name: string): readonly string[] {
  return rawHeaders.filter((_, at) => at % 2 === 1 && rawHeaders[at - 1]?.toLowerCase() === name);
}
