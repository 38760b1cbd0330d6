import { BlockList, isIP, isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';

/** The IPv4 addresses that are not public: IANA's registry of special-purpose addresses, multicast, reserved space. */
const special4 = [
  '0.0.0.0/8', // this network; unspecified
  '10.0.0.0/8', // private
  '100.64.0.0/10', // shared by customers of a provider (CGNAT); Alibaba's metadata
  '127.0.0.0/8', // loopback
  '169.254.0.0/16', // link-local; the metadata of most clouds
  '172.16.0.0/12', // private
  '192.0.0.0/24', // protocol assignments; Oracle's metadata
  '192.0.2.0/24', // documentation
  '192.31.196.0/24', // AS112
  '192.52.193.0/24', // automatic multicast tunnelling
  '192.88.99.0/24', // 6to4 relays
  '192.168.0.0/16', // private
  '192.175.48.0/24', // AS112
  '198.18.0.0/15', // benchmarking
  '198.51.100.0/24', // documentation
  '203.0.113.0/24', // documentation
  '224.0.0.0/4', // multicast
  '240.0.0.0/4', // reserved; broadcast
  '168.63.129.16/32', // not in the registry, but every Azure machine's way to its host
];

/** Where public IPv6 addresses are. Mapped, translated, unique local, link-local, multicast and the rest lie outside. */
const global6 = ['2000::/3'];

/** Networks that are not public. */
const special6 = [
  '2001::/23', // protocol assignments: Teredo, benchmarking, ORCHID
  '2001:db8::/32', // documentation
  '2002::/16', // 6to4, which has IPv4 addresses within
  '2620:4f:8000::/48', // AS112
  '3fff::/20', // documentation
];

const special = blockList([...special4, ...special6]);
const global = blockList(global6);

/** Whether an IP address is one of the public Internet, and not this machine's own. */
export function isPublic(address: string): boolean {
  if (contains(special, address) || isOwn(address)) return false;
  return isIPv6(address) ? contains(global, address) : isIP(address) === 4;
}

/** Whether an address is in a list. One with a zone (`fe80::1%eth0`) is in none, as is what is not an IP address. */
export function contains(list: BlockList, address: string): boolean {
  return isIP(address) !== 0 && !address.includes('%') && list.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
}

/**
 * The IP addresses of networks such as `10.0.0.0/8` and of single addresses.
 * @throws TypeError if one is neither
 */
export function blockList(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [address = '', bits, ...rest] = network.split('/');
    const family = isIPv6(address) ? 'ipv6' : 'ipv4';
    const most = family === 'ipv6' ? 128 : 32;
    const length = bits === undefined ? most : /^\d{1,3}$/.test(bits) ? Number(bits) : NaN;
    if (!isIP(address) || rest.length > 0 || !(length <= most)) throw new TypeError(`${network} is not a network.`);
    list.addSubnet(address, length, family);
  }
  return list;
}

/** A public address of this machine leads to services that listen on it, past any firewall before it. */
function isOwn(address: string): boolean {
  const own = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return contains(blockList(own.map((each) => each.address)), address);
}
