import type { Account } from '@retone/billing';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { ApiError, retryAfter } from './envelope.ts';
import type { Service } from './service.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Whose key the request came with. */
    account: Account;
    /** The id of that key. */
    keyId: string;
    /** Who acts, for the audit. */
    actor: string;
  }
}

/** The header that RFC 9110 requires with a 401. */
const challenge = { headers: { 'www-authenticate': 'Bearer realm="retone"' } };

/** Lets only requests with a key of an active account in, and no more of them than the account may make. */
export function authenticate(api: FastifyInstance, service: Service): void {
  api.decorateRequest('account', null as unknown as Account);
  api.decorateRequest('keyId', '');
  api.decorateRequest('actor', {
    getter(this: FastifyRequest) {
      return `key ${this.keyId}`;
    },
  });
  api.addHook('onRequest', async (request) => {
    const key = /^Bearer ([\x21-\x7e]+)$/i.exec(request.headers.authorization ?? '')?.[1];
    if (!key) {
      const message = 'the request has no key; send it as "Authorization: Bearer <key>"';
      throw new ApiError('no_key', message, challenge);
    }
    const known = await service.knownKeys.authenticate(key);
    if (!known) throw new ApiError('unknown_key', 'the key is not known, or was revoked', challenge);
    if (known.account.status !== 'active') throw new ApiError('suspended', 'the account is suspended');
    request.account = known.account;
    request.keyId = known.keyId;

    const limit = known.account.requestsPerMinute ?? service.settings.RETONE_REQUESTS_PER_MINUTE;
    const { requests, secondsLeft } = await service.requests.count(known.account.id);
    if (requests > limit) {
      const message = `more than ${limit} requests in a minute; try again in ${Math.ceil(secondsLeft)} s`;
      throw new ApiError('rate_limited', message, retryAfter(secondsLeft));
    }
  });
}
