import { lookup, Resolver } from 'node:dns/promises';

/** Milliseconds for a name server's answer, and how often it is asked. */
const limits = { timeout: 5000, tries: 2 };

/**
 * The addresses that the DNS has for a name. The system's resolver would block a thread that Node needs for files, for
 * as long as a slow name server likes; and it knows names of the machine and its network, which are none of a client's.
 */
export async function publicAddresses(name: string): Promise<string[]> {
  const resolver = new Resolver(limits);
  const [v4, v6] = await Promise.allSettled([resolver.resolve4(name), resolver.resolve6(name)]);
  if (v4.status === 'rejected' && v6.status === 'rejected') throw v4.reason;
  return [v4, v6].flatMap((found) => (found.status === 'fulfilled' ? found.value : []));
}

/** The addresses that this machine has for a name that its operator has written down: the hosts file counts. */
export async function systemAddresses(name: string): Promise<string[]> {
  return (await lookup(name, { all: true })).map(({ address }) => address);
}

/** Whether the error is that there is no such name, or that it has no addresses. */
export function isNoSuchName(error: unknown): boolean {
  return ['ENOTFOUND', 'ENODATA', 'EBADNAME'].includes((error as NodeJS.ErrnoException).code ?? '');
}
