import { isIP } from 'node:net';
import { isPublic } from './addresses.ts';
import { AllowedHosts } from './allowed-hosts.ts';
import { Deadline } from './deadline.ts';
import { GuardError } from './errors.ts';
import { isRefusedPort } from './ports.ts';
import { isNoSuchName, publicAddresses, systemAddresses } from './resolve-name.ts';
import { shorten } from './shorten.ts';

export interface CheckOptions {
  /** Exceptions that the operator allows besides public addresses: see `AllowedHosts`. */
  allowHosts?: readonly string[] | undefined;
  /** Finds the addresses of a name. If not given, the DNS; and the system (hosts file) for a name in `allowHosts`. */
  resolve?: ((hostname: string) => Promise<string[]>) | undefined;
  signal?: AbortSignal | undefined;
}

/** A URL that may be fetched, and the addresses to fetch it from: any other, even of the same name, is unchecked. */
export interface CheckedUrl {
  url: URL;
  addresses: readonly string[];
}

const longestUrl = 8192;
/** By the DNS. */
const longestName = 253;
const defaultTimeoutMs = 10_000;

/**
 * Checks that a URL may be fetched, as `guardedFetch` does, without a connection to it.
 * @param options `timeoutMs`: for finding the name's addresses; 10,000 if not given
 * @throws GuardError `bad-url`, `blocked-address`, `unreachable` (the name cannot be looked up), `timeout`, `aborted`,
 *   `invalid`
 */
export async function checkUrl(url: string, options: CheckOptions & { timeoutMs?: number } = {}): Promise<CheckedUrl> {
  return checkHost(parseUrl(url), options, new Deadline(options.timeoutMs ?? defaultTimeoutMs, options.signal));
}

/**
 * Reads a URL as browsers do (so 0x7f.1 is 127.0.0.1 from here on), and refuses what is not fetched from.
 * @param base what it is relative to, if it may be
 * @throws GuardError `bad-url`
 */
export function parseUrl(text: string, base?: URL): URL {
  const given = shorten(text);
  const url = text.length <= longestUrl ? URL.parse(text, base?.href) : null;
  if (!url) throw new GuardError('bad-url', `${given} is not a URL`);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new GuardError('bad-url', `${given} is not an http or https URL`);
  }
  if (url.username || url.password) {
    throw new GuardError('bad-url', 'a URL with a user name or a password in it is not accepted');
  }
  // One dot at the end is a way to write the same name.
  if (url.hostname.endsWith('.')) url.hostname = url.hostname.slice(0, -1);
  const isName = url.hostname.length <= longestName && !url.hostname.split('.').includes('');
  if (!isName) throw new GuardError('bad-url', `${given} does not name a host`);
  if (isRefusedPort(portOf(url))) {
    throw new GuardError('bad-url', `port ${portOf(url)} is not accepted: it is not one of web servers`);
  }
  return url;
}

/** Checks where a URL leads to. */
export async function checkHost(url: URL, options: CheckOptions, deadline: Deadline): Promise<CheckedUrl> {
  const host = hostOf(url);
  const port = portOf(url);
  const allowed = new AllowedHosts(options.allowHosts ?? []);
  const isTrusted = allowed.hasName(host, port);
  const resolve = options.resolve ?? (isTrusted ? systemAddresses : publicAddresses);
  let addresses: string[];
  try {
    addresses = await deadline.within(addressesOf(host, resolve));
  } catch (error) {
    // An unknown name is not distinguished from a private one: it would be a map of the operator's network.
    if (!isTrusted && isNoSuchName(error)) throw blocked(host);
    throw deadline.explain(error, host);
  }
  // All of them, as any may be connected to. What is not an address at all is not public either.
  const mayReach = (address: string) => isPublic(address) || allowed.hasAddress(address, port);
  if (addresses.length === 0 || !(isTrusted || addresses.every(mayReach))) throw blocked(host);
  return { url, addresses };
}

/** A URL's host without the brackets of IPv6. */
export function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '');
}

function portOf(url: URL): number {
  return Number(url.port || (url.protocol === 'https:' ? 443 : 80));
}

async function addressesOf(host: string, resolve: (hostname: string) => Promise<string[]>): Promise<string[]> {
  if (isIP(host)) return [host];
  // By RFC 6761 these never leave the machine, whatever a name server says.
  if (host === 'localhost' || host.endsWith('.localhost')) return ['127.0.0.1', '::1'];
  return resolve(host);
}

function blocked(host: string): GuardError {
  return new GuardError('blocked-address', `"${host}" is not a public host`);
}
