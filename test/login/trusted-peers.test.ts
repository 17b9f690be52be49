import { expect, test } from 'vitest';
import { trustedPeers } from '../../src/login/trusted-peers.ts';

const isTrusted = trustedPeers(['10.0.0.0/8', '192.168.1.7', 'fd00::/8']);

test.each([
  ['10.1.2.3', true],
  ['::ffff:10.1.2.3', true],
  ['192.168.1.7', true],
  ['fd00::1', true],
  ['192.168.1.8', false],
  ['11.0.0.1', false],
  ['::1', false],
  ['', false],
  [undefined, false],
])('%s: %s', (address, trusted) => {
  expect(isTrusted(address)).toBe(trusted);
});

test('what is no address is refused', () => {
  expect(() => trustedPeers(['proxy.local'])).toThrow('proxy.local');
  expect(() => trustedPeers(['10.0.0.0/40'])).toThrow('10.0.0.0/40');
});
