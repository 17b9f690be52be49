import { isIPv6 } from 'node:net';

/**
 * Where a request comes from: its peer, or, when that is a proxy of ours, whoever that proxy says. What others say of
 * themselves is not believed.
 */
export function clientAddress(
  { peer, forwarded }: Came,
  isTrusted: (address: string | undefined) => boolean,
): string {
  const told = forwarded?.split(',').map((one) => one.trim()) ?? [];
  let address = peer ?? '';
  // From the last proxy back to the first: the first that is none of ours is the client.
  while (isTrusted(address)) {
    const before = told.pop();
    if (before === undefined || before === '') break;
    address = before;
  }
  return withoutPort(address).slice(0, LONGEST);
}

export interface Came {
  readonly peer: string | undefined;
  /** `X-Forwarded-For`. */
  readonly forwarded: string | undefined;
}

const withoutPort = (address: string): string =>
  /^\[([^\]]*)\](?::\d+)?$/.exec(address)?.[1] ??
  /^([\d.]+):\d+$/.exec(address)?.[1] ??
  address.replace(/^::ffff:(?=\d+\.)/i, '');

/**
 * Whom an address stands for: of IPv6 the network of its host, which has billions of them. What is no address is a
 * proxy's own word for a client, and as good as one.
 */
export function toNetwork(address: string): string {
  if (!isIPv6(address)) return address;
  const [head = '', tail = ''] = address.toLowerCase().split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === '' ? [] : tail.split(':');
  const zeros = Array.from({ length: Math.max(0, 8 - left.length - right.length) }, () => '0');
  const groups = [...left, ...zeros, ...right].slice(0, 4);
  return `${groups.map((group) => group.replace(/^0+(?=.)/, '')).join(':')}::/64`;
}

const LONGEST = 100;
