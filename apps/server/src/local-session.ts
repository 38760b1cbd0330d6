import type { FastifyRequest } from 'fastify';
import { isEqual } from './secrets.ts';
import type { Service } from './service.ts';

/** Name of the key that the page on the service's own machine works with. */
const keyName = 'playground';

/** Carries the token of the page's URL. A form of another site cannot set it. */
const tokenHeader = 'x-retone-token';

/**
 * Gives the page a key when it was opened by the URL that the service prints at its start, as notebooks do. An address says
 * nothing: behind a proxy on the same machine all the world comes from there. One key is valid at a time; a restart of the
 * service replaces it.
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
    /** Whether a request comes from the service's own page, opened by somebody who can read what the service prints. */
    mayHave({ headers }: FastifyRequest): boolean {
      const { host = '', origin = '', 'sec-fetch-site': site = 'same-origin', [tokenHeader]: token } = headers;
      // A page of another site cannot know the token, and is not to try it out either.
      const isOwnPage = URL.canParse(origin) && new URL(origin).host === host && site === 'same-origin';
      return isOwnPage && typeof token === 'string' && isEqual(token, service.pageToken);
    },

    /** The key; the same one until the service restarts or the key is revoked. */
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
