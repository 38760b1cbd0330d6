import { expect, test, vi } from 'vitest';
import { isPublic } from '../src/addresses.ts';

// This machine has an address of a provider of name services, for once.
vi.mock('node:os', async (original) => ({
  ...(await original<typeof import('node:os')>()),
  networkInterfaces: () => ({ eth0: [{ address: '9.9.9.9' }, { address: '2620:fe::fe' }] }),
}));

test.each([
  // The first and the last address of a range, and its neighbours if they are public.
  ['0.0.0.0', '0.255.255.255', undefined, '1.0.0.0'],
  ['10.0.0.0', '10.255.255.255', '9.255.255.255', '11.0.0.0'],
  ['100.64.0.0', '100.127.255.255', '100.63.255.255', '100.128.0.0'],
  ['127.0.0.0', '127.255.255.255', '126.255.255.255', '128.0.0.0'],
  ['169.254.0.0', '169.254.255.255', '169.253.255.255', '169.255.0.0'],
  ['172.16.0.0', '172.31.255.255', '172.15.255.255', '172.32.0.0'],
  ['192.0.0.0', '192.0.0.255', '191.255.255.255', '192.0.1.0'],
  ['192.0.2.0', '192.0.2.255', '192.0.1.255', '192.0.3.0'],
  ['192.31.196.0', '192.31.196.255', '192.31.195.255', '192.31.197.0'],
  ['192.52.193.0', '192.52.193.255', '192.52.192.255', '192.52.194.0'],
  ['192.88.99.0', '192.88.99.255', '192.88.98.255', '192.88.100.0'],
  ['192.168.0.0', '192.168.255.255', '192.167.255.255', '192.169.0.0'],
  ['192.175.48.0', '192.175.48.255', '192.175.47.255', '192.175.49.0'],
  ['198.18.0.0', '198.19.255.255', '198.17.255.255', '198.20.0.0'],
  ['198.51.100.0', '198.51.100.255', '198.51.99.255', '198.51.101.0'],
  ['203.0.113.0', '203.0.113.255', '203.0.112.255', '203.0.114.0'],
  ['224.0.0.0', '255.255.255.255', '223.255.255.255', undefined],
  ['168.63.129.16', '168.63.129.16', '168.63.129.15', '168.63.129.17'],
  ['::', '1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', undefined, '2000::'],
  ['2001::', '2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff', '2000:ffff:ffff::', '2001:200::'],
  ['2001:db8::', '2001:db8:ffff:ffff:ffff:ffff:ffff:ffff', '2001:db7:ffff::', '2001:db9::'],
  ['2002::', '2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff', '2001:ffff:ffff::', '2003::'],
  ['2620:4f:8000::', '2620:4f:8000:ffff:ffff:ffff:ffff:ffff', '2620:4f:7fff::', '2620:4f:8001::'],
  ['3fff::', '3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff', '3ffe:ffff:ffff::', '3fff:1000::'],
  ['4000::', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', '3fff:ffff:ffff::', undefined],
])('%s to %s', (first, last, before, after) => {
  expect([first, last].map(isPublic)).toEqual([false, false]);
  if (before) expect(isPublic(before)).toBe(true);
  if (after) expect(isPublic(after)).toBe(true);
});

test.each([
  ['IPv4-mapped', '::ffff:8.8.8.8', '::ffff:127.0.0.1', '0:0:0:0:0:ffff:7f00:1'],
  ['IPv4-compatible', '::8.8.8.8', '::127.0.0.1'],
  ['IPv4-translated', '::ffff:0:8.8.8.8', '::ffff:0:7f00:1'],
  ['NAT64', '64:ff9b::8.8.8.8', '64:ff9b::7f00:1', '64:ff9b:1::1'],
  ['6to4', '2002:808:808::1', '2002:7f00:1::1'],
  ['Teredo', '2001:0:4136:e378:8000:63bf:3fff:fdd2'],
  ['benchmarking', '2001:2::1'],
  ['unique local', 'fc00::1', 'fd00:ec2::254'],
  ['link-local', 'fe80::1', 'febf::1', 'fe80::1%eth0', '2606:4700::1111%eth0'],
  ['site-local', 'fec0::1'],
  ['multicast', 'ff02::1', 'ff0e::1'],
  ['discard-only', '100::1'],
  ['segment routing', '5f00::1'],
  ["this machine's own", '9.9.9.9', '2620:fe::fe', '2620:fe:0::00fe'],
  ['no addresses', '', 'localhost', '127.1', '2130706433', '0x7f000001', '8.8.8.8.', '8.8.8.8/8', '[2606:4700::1111]'],
])('%s: not public', (_, ...addresses) => {
  for (const address of addresses) expect(isPublic(address), address).toBe(false);
});

test('public', () => {
  for (const address of ['1.1.1.1', '8.8.8.8', '93.184.216.34', '2606:4700::1111', '2a00:1450:4001:81b::200e']) {
    expect(isPublic(address), address).toBe(true);
  }
});
