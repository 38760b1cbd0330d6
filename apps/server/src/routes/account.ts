import { dollars } from '@retone/billing';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { ApiError, success } from '../envelope.ts';
import { answers } from '../openapi.ts';
import { pairingUrls } from '../pairing.ts';
import type { Service } from '../service.ts';

const tags = ['Account'];
const balance = z.object({ balance: z.number().describe('In US dollars.'), currency: z.literal('USD') });
const secret = z.object({ secret: z.string().meta({ examples: ['whsec_vV0uT3...'] }) });

/** The account itself: its balance, and the secret that its webhooks are signed with. */
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
};
