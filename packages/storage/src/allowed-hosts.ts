import { type BlockList, isIP } from 'node:net';
import { blockList, contains } from './addresses.ts';
import { GuardError } from './errors.ts';

interface Entry {
  name?: string;
  network?: BlockList;
  port: number | undefined;
}

/**
 * Hosts that are reached although they are not public, as the operator allows them:
 * - `files.internal`: a name, whatever its addresses are;
 * - `10.1.2.3`, `[fd00::1]`, `10.1.0.0/16`, `fd00::/8`: addresses, whatever name leads there;
 * - `files.internal:9000`, `10.1.2.3:9000`: that port alone.
 */
export class AllowedHosts {
  readonly #entries: Entry[];

  /** @throws GuardError `invalid` if an entry is none of these */
  constructor(entries: readonly string[]) {
    this.#entries = entries.map(parse);
  }

  hasName(name: string, port: number): boolean {
    return this.#entries.some((entry) => entry.name === name && (entry.port ?? port) === port);
  }

  hasAddress(address: string, port: number): boolean {
    return this.#entries.some(
      (entry) => entry.network && contains(entry.network, address) && (entry.port ?? port) === port,
    );
  }
}

function parse(entry: string): Entry {
  try {
    if (entry.includes('/') || isIP(entry)) return { network: blockList([entry]), port: undefined };
    const [, written, digits] = /^([^:[\]]+|\[[^[\]]+\])(?::(\d{1,5}))?$/.exec(entry)!;
    const host = new URL(`http://${written}`).hostname.replace(/^\[|\]$/g, '');
    const port = digits === undefined ? undefined : Number(digits);
    return isIP(host) ? { network: blockList([host]), port } : { name: host, port };
  } catch (error) {
    const message = `${JSON.stringify(entry)} is not a host to allow; give a name, an address or a network, such as`;
    throw new GuardError('invalid', `${message} files.internal:9000, 10.1.2.3 or 10.1.0.0/16`, { cause: error });
  }
}
