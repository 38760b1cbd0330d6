import { dollars } from '@retone/billing';
import {
  type CatalogueEntry,
  catalogueEntry,
  isModelId,
  type ModelId,
  modelIds,
  modelSchema,
  prices,
} from '@retone/contract';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { ApiError, success } from '../envelope.ts';
import { answers } from '../openapi.ts';
import type { Service } from '../service.ts';

const tags = ['Catalogue'];
const modelId = z.string().meta({ examples: [modelIds[0]!] });
const usd = z.literal('USD');

const price = z.object({
  model_id: z.string(),
  price: z.number(),
  discounted_price: z.number(),
  discount_rate: z.number(),
  currency: usd,
});
const pricing = z.object({ model_id: z.string(), unit_price: z.number(), currency: usd });
const question = z.object({ model_id: modelId, inputs: z.unknown().optional().describe('What would be submitted.') });

/** The models, their parameters and their prices. */
export const catalogueRoutes: FastifyPluginAsyncZod<{ service: Service }> = async (api, { service }) => {
  const known = (id: string) => {
    if (isModelId(id)) return id;
    throw new ApiError(
      'unknown_model',
      `model_id is ${JSON.stringify(id.slice(0, 100))}; there are ${modelIds.join(', ')}`,
    );
  };

  api.get(
    '/models',
    { schema: { tags, summary: 'The catalogue', response: answers(z.array(modelSchema)) } },
    async () => success(catalogue(service)),
  );
  api.post(
    '/model/price',
    {
      schema: {
        tags,
        summary: 'What a task would cost',
        body: question,
        response: answers(price, 404),
      },
    },
    async ({ body }) => {
      const model_id = known(body.model_id);
      const price = priceInDollars(model_id);
      return success({ model_id, price, discounted_price: price, discount_rate: 0, currency: 'USD' as const });
    },
  );
  api.post(
    '/model/pricing',
    {
      schema: {
        tags,
        summary: 'What a task would cost, in another form',
        body: question,
        response: answers(pricing, 404),
      },
    },
    async ({ body }) => {
      const model_id = known(body.model_id);
      return success({ model_id, unit_price: priceInDollars(model_id), currency: 'USD' as const });
    },
  );
};

function priceInDollars(modelId: ModelId): number {
  return dollars(prices[modelId]);
}

/** All models with their prices. */
export function catalogue(service: Service): CatalogueEntry[] {
  return service.models.all.map((model) => catalogueEntry(model, priceInDollars(model.id)));
}
