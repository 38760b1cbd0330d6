import { dollars } from '@retone/billing';
import { keySchema } from '@retone/contract';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { ApiError, success } from '../envelope.ts';
import { answers } from '../openapi.ts';
import { pairingUrls } from '../pairing.ts';
import type { Service } from '../service.ts';

const tags = ['Account'];
const balance = z.object({ balance: z.number().describe('In US dollars.'), currency: z.literal('USD') });
const secret = z.object({ secret: z.string().meta({ examples: ['whsec_vV0uT3...'] }) });

const newKey = z.object({ id: z.string(), name: z.string(), key: z.string().describe('Shown this once.') });
const name = z.object({
  name: z
    .string()
    .trim()
    .regex(/^\P{Cc}{1,100}$/u, 'a text of 1 to 100 characters')
    .meta({ description: 'What the key is for.', examples: ['laptop'] }),
});

/** The account itself: its balance, its keys, and the secret that its webhooks are signed with. */
export const accountRoutes: FastifyPluginAsyncZod<{ service: Service }> = async (api, { service }) => {
  for (const path of ['/balance', '/account/balance']) {
    api.get(path, { schema: { tags, summary: 'The balance', response: answers(balance) } }, async ({ account }) =>
      success({ balance: dollars(await service.ledger.balance(account.id)), currency: 'USD' as const }),
    );
  }

  // The page's own: it shows the links as QR codes on the machine that runs the service.
  api.get(
    '/pairing',
    { schema: { hide: true, response: answers(z.object({ urls: z.array(z.string()) }), 403) } },
    async ({ account }) => {
      const [first] = await service.accounts.list();
      // The link gives a key of the first account.
      if (account.id !== first?.id) throw new ApiError('forbidden', 'only the first account can pair devices');
      return success({ urls: pairingUrls(service) });
    },
  );

  api.get(
    '/webhook/secret',
    { schema: { tags, summary: 'The secret that webhooks are signed with', response: answers(secret) } },
    async ({ account }) => success({ secret: await service.accounts.webhookSecret(account.id) }),
  );
  api.post(
    '/webhook/secret/rotate',
    {
      schema: {
        tags,
        summary: 'Replace the secret of webhooks',
        description: 'The old one is not used again, also not for webhooks that are sent again.',
        response: answers(secret),
      },
    },
    async ({ account, actor }) => success({ secret: await service.accounts.rotateWebhookSecret(account.id, actor) }),
  );

  api.get(
    '/keys',
    { schema: { tags, summary: 'The keys of the account, revoked ones too', response: answers(z.array(keySchema)) } },
    async ({ account, keyId }) => {
      const keys = await service.keys.list(account.id);
      return success(
        keys.map(({ id, name, prefix, createdAt, lastUsedAt, revokedAt }) => ({
          id,
          name,
          prefix,
          created_at: createdAt.toISOString(),
          last_used_at: lastUsedAt?.toISOString() ?? null,
          revoked_at: revokedAt?.toISOString() ?? null,
          current: id === keyId,
        })),
      );
    },
  );
  api.post(
    '/keys',
    { schema: { tags, summary: 'Make a key', body: name, response: answers(newKey) } },
    async ({ account, actor, body }) => {
      const { id, name, key } = await service.keys.create(account.id, body.name, actor);
      return success({ id, name, key });
    },
  );
  api.delete(
    '/keys/:id',
    {
      schema: {
        tags,
        summary: 'Revoke a key for good',
        params: z.object({ id: z.string() }),
        response: answers(z.object({ id: z.string(), status: z.literal('revoked') }), 404),
      },
    },
    async ({ account, actor, params: { id } }) => {
      const own = await service.keys.list(account.id);
      if (!own.some((each) => each.id === id)) {
        throw new ApiError('key_not_found', `the account has no key "${id.slice(0, 64)}"`);
      }
      await service.keys.revoke(id, actor);
      return success({ id, status: 'revoked' as const });
    },
  );
};
