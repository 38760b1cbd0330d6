import { keySchema } from '@retone/contract';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { ApiError, success } from '../envelope.ts';
import { answers } from '../openapi.ts';
import type { Service } from '../service.ts';

const tags = ['Account'];
const newKey = z.object({ id: z.string(), name: z.string(), key: z.string().describe('Shown this once.') });
const name = z.object({
  name: z
    .string()
    .trim()
    .regex(/^\P{Cc}{1,100}$/u, 'a text of 1 to 100 characters')
    .meta({ description: 'What the key is for.', examples: ['laptop'] }),
});

/** The API keys of an account: list, create, revoke. */
export const keyRoutes: FastifyPluginAsyncZod<{ service: Service }> = async (api, { service }) => {
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
