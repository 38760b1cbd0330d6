import { dollars, priceOf } from '@retone/billing';
import { type PublicModel, publicModels } from '@retone/jobs';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { ApiError, success } from '../envelope.ts';
import { answers } from '../openapi.ts';
import type { Service } from '../service.ts';

const tags = ['Catalogue'];
const modelId = z.string().meta({ examples: [publicModels[0]!.id] });
const usd = z.literal('USD');

const entry = z
  .object({
    model_id: modelId,
    name: z.string(),
    description: z.string(),
    type: z.enum(['audio-to-audio', 'text-to-audio']),
    base_price: z.number().describe('In US dollars.'),
    formula: z.string().describe('The price as a JSONata expression of `base_price` and the parameters.'),
    api_schema: z.object({
      api_schemas: z.array(
        z.object({
          method: z.literal('POST'),
          api_path: z.string(),
          type: z.literal('model_run'),
          request_schema: z
            .looseObject({ properties: z.record(z.string(), z.unknown()), 'x-order-properties': z.array(z.string()) })
            .describe('The JSON Schema of the parameters; `x-order-properties` is their order in a form.'),
        }),
      ),
    }),
  })
  .meta({ id: 'Model', description: 'A model of the catalogue.' });
const price = z.object({
  model_id: z.string(),
  price: z.number(),
  discounted_price: z.number(),
  discount_rate: z.number(),
  currency: usd,
});
const pricing = z.object({ model_id: z.string(), unit_price: z.number(), currency: usd });
const question = z.object({ model_id: modelId, inputs: z.unknown().optional().describe('What would be submitted.') });

/** What there is, what each takes, and what it costs. */
export const catalogueRoutes: FastifyPluginAsyncZod<{ service: Service }> = async (api, { service }) => {
  const known = (id: string) => {
    if (publicModels.some((each) => each.id === id)) return id;
    const ids = publicModels.map((each) => each.id).join(', ');
    throw new ApiError(404, 'unknown_model', `model_id is ${JSON.stringify(id.slice(0, 100))}; there are ${ids}`);
  };

  api.get('/models', { schema: { tags, summary: 'The catalogue', response: answers(z.array(entry)) } }, async () =>
    success(catalogue(service)),
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

/** The price of a model that there is. */
function priceInDollars(modelId: string): number {
  return dollars(priceOf(modelId)!);
}

/** All models with their prices. */
export function catalogue(service: Service): z.infer<typeof entry>[] {
  return service.models.map((model) => catalogueEntry(model, priceInDollars(model.id)));
}

function catalogueEntry(model: PublicModel, basePrice: number): z.infer<typeof entry> {
  const { id, name, description, type } = model;
  const request_schema = requestSchema(model);
  return {
    model_id: id,
    name,
    description,
    type,
    base_price: basePrice,
    formula: '{"total_price": base_price}',
    api_schema: { api_schemas: [{ method: 'POST', api_path: `/api/v3/${id}`, type: 'model_run', request_schema }] },
  };
}

/** The JSON Schema that clients build their forms from. */
export function requestSchema(model: PublicModel) {
  const {
    $schema: _,
    properties,
    ...schema
  } = z.toJSONSchema(model.schema, { io: 'input' }) as {
    $schema: string;
    properties: Record<string, unknown>;
  };
  return { ...schema, properties, 'x-order-properties': Object.keys(properties) };
}
