import type { FastifyInstance } from 'fastify';
import { success } from '../envelope.ts';
import type { Service } from '../service.ts';

/** The account itself: its balance, and the secret that its webhooks are signed with. */
export async function accountRoutes(api: FastifyInstance, { service }: { service: Service }): Promise<void> {
  for (const path of ['/balance', '/account/balance']) {
    api.get(path, async ({ account }) =>
      success({ balance: (await service.balance(account.id)) / 1e6, currency: 'USD' }),
    );
  }
  api.get('/webhook/secret', async ({ account }) =>
    success({ secret: await service.accounts.webhookSecret(account.id) }),
  );
}
