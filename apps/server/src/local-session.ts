import type { FastifyRequest } from 'fastify';
import { isFromThisMachine, isLoopback } from './loopback.ts';
import type { Service } from './service.ts';

/** Name of the key that the page on the service's own machine works with. */
const keyName = 'playground';

/**
 * Gives the page a key where whoever opens it sits at the machine of the service: there nobody has to paste one. One key is
 * valid at a time; a service that starts anew replaces it.
 */
export function localSessions(service: Service) {
  let made: Promise<{ key: string }> | undefined;

  /** Makes a key for the first account. */
  async function make(): Promise<{ key: string }> {
    const [account] = await service.accounts.list();
    if (!account) throw new Error('there is no account yet');
    for (const { id, name, revokedAt } of await service.keys.list(account.id)) {
      if (name === keyName && !revokedAt) await service.keys.revoke(id, keyName);
    }
    const { key } = await service.keys.create(account.id, keyName, keyName);
    return { key };
  }

  return {
    /** Whether a request comes from the service's own page, opened on this machine. */
    mayHave(request: FastifyRequest): boolean {
      const { RETONE_HOST: listens, RETONE_PUBLIC_URL: reached, RETONE_TRUST_PROXY: proxies } = service.settings;
      // A service for others, and one behind a proxy, through which all the world comes from this machine.
      if (!isLoopback(listens) || proxies.length > 0 || (reached && !isLoopback(new URL(reached).hostname)))
        return false;
      if (!isFromThisMachine(request)) return false;
      // Another name that has been pointed here (DNS rebinding), and a page of another site.
      const { host = '', origin, 'sec-fetch-site': site = 'same-origin' } = request.headers;
      if (!URL.canParse(`http://${host}`) || !isLoopback(new URL(`http://${host}`).hostname)) return false;
      return origin === `http://${host}` && site === 'same-origin';
    },

    /** The key; the same one until the service starts anew or the key is revoked. */
    async key(): Promise<{ key: string }> {
      const earlier = made;
      const session = await earlier?.catch(() => undefined);
      if (session && (await service.keys.authenticate(session.key))) return session;
      // Requests that come at once share what the first of them makes.
      if (made === earlier) made = make();
      return made!;
    },
  };
}
