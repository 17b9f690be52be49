import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { isLoopback } from '../../login/is-loopback.ts';

/** Names by which a gateway may be reached, beside those of this machine; lower case, without a port. */
export type Hosts = 'any' | readonly string[];

/**
 * Whether a request means this gateway. A page of another site can have its own name point here, which makes the
 * gateway a part of that site to a browser; but it cannot make the browser say another name.
 */
export function isForUs(
  { headers: { host }, socket }: Pick<IncomingMessage, 'headers' | 'socket'>,
  hosts: Hosts = [],
): boolean {
  // No browser leaves it out; some probes of load balancers do.
  if (hosts === 'any' || host === undefined || host === '') return true;
  const name = nameOf(host);
  if (name === undefined) return false;
  if (isLoopback(name) || hosts.includes(name)) return true;
  // Nobody can have an address point elsewhere. What comes by the loopback has no other address to name.
  return isIP(name) !== 0 && !isLoopback(socket.localAddress ?? '127.0.0.1');
}

/** The name in a `Host` header, as `Hosts` has it; undefined when it has none. */
function nameOf(host: string): string | undefined {
  const address = `http://${host}`;
  if (!/^[\w.:[\]-]+$/.test(host) || !URL.canParse(address)) return undefined;
  return new URL(address).hostname.replace(/^\[|\]$|\.$/g, '');
}
