import { expect, test } from 'vitest';
import { trustedPeers } from '../../src/login/trusted-peers.ts';
import { clientAddress, toNetwork } from '../../src/shares/client-address.ts';

const isTrusted = trustedPeers(['10.0.0.0/8', '::1']);

test.each([
  ['a peer that is no proxy says nothing of itself', '203.0.113.7', '198.51.100.1', '203.0.113.7'],
  ['a proxy says who came', '10.0.0.1', '198.51.100.1', '198.51.100.1'],
  [
    'what the client wrote before it does not count',
    '10.0.0.1',
    '1.1.1.1, 198.51.100.1',
    '198.51.100.1',
  ],
  ['over two proxies', '::1', '198.51.100.1, 10.0.0.2', '198.51.100.1'],
  ['a proxy that says nothing is the client', '10.0.0.1', undefined, '10.0.0.1'],
  ['proxies alone', '10.0.0.1', '10.0.0.2', '10.0.0.2'],
  ['an empty word', '10.0.0.1', '198.51.100.1, ', '10.0.0.1'],
  ['with a port', '10.0.0.1', '198.51.100.1:4711', '198.51.100.1'],
  ['an IPv4 peer of a socket for both', '::ffff:203.0.113.7', undefined, '203.0.113.7'],
  ['hosts of one network', '2001:DB8:0:1:aaaa::7', undefined, '2001:db8:0:1::/64'],
  ['the same one', '2001:db8:0:1:bbbb::8', undefined, '2001:db8:0:1::/64'],
  ['with a port in brackets', '10.0.0.1', '[2001:db8::1]:443', '2001:db8:0:0::/64'],
  ['no peer', undefined, '1.1.1.1', ''],
])('%s: %s, %s', (_, peer, forwarded, address) => {
  expect(toNetwork(clientAddress({ peer, forwarded }, isTrusted))).toBe(address);
});

test('an address stays one: its network is a share of it', () => {
  const address = clientAddress({ peer: '10.0.0.1', forwarded: '[2001:db8::1]:443' }, isTrusted);
  expect(address).toBe('2001:db8::1');
});
