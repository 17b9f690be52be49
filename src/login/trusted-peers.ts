import { BlockList, isIPv6 } from 'node:net';

/** `10.0.0.0/8`, `::1` and the like, of proxies whose headers are believed. Throws for what is no address. */
export function trustedPeers(ranges: readonly string[]): (address: string | undefined) => boolean {
  const list = new BlockList();
  for (const range of ranges) {
    const [, address = range, bits] = /^(.+)\/(\d{1,3})$/.exec(range) ?? [];
    const family = isIPv6(address) ? 'ipv6' : 'ipv4';
    try {
      if (bits === undefined) list.addAddress(address, family);
      else list.addSubnet(address, Number(bits), family);
    } catch (cause) {
      throw new TypeError(`Expected an address or a range of them, got ${range}`, { cause });
    }
  }
  return (address = '') => {
    // A socket that takes both kinds writes an IPv4 peer so.
    const plain = address.replace(/^::ffff:(?=\d+\.)/i, '');
    return plain !== '' && list.check(plain, isIPv6(plain) ? 'ipv6' : 'ipv4');
  };
}

export const LOOPBACK = ['127.0.0.0/8', '::1'];
