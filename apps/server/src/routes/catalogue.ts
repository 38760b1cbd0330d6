import { type PublicModel, publicModels } from '@retone/jobs';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { ApiError, success } from '../envelope.ts';
import type { Service } from '../service.ts';

/** What there is, what each takes, and what it costs. */
export async function catalogueRoutes(api: FastifyInstance, { service }: { service: Service }): Promise<void> {
  const dollars = (model: PublicModel) => service.priceOf(model.id) / 1e6;
  const named = (body: unknown): PublicModel => {
    const id = (body as { model_id?: unknown } | null)?.model_id;
    const model = publicModels.find((each) => each.id === id);
    if (model) return model;
    throw new ApiError(
      id === undefined ? 400 : 404,
      'unknown_model',
      `model_id is ${JSON.stringify(id)}; there are ${publicModels.map((each) => each.id).join(', ')}`,
    );
  };

  api.get('/models', async () => success(publicModels.map((model) => catalogueEntry(model, dollars(model)))));
  api.post('/model/price', async ({ body }) => {
    const model = named(body);
    const price = dollars(model);
    return success({ model_id: model.id, price, discounted_price: price, discount_rate: 0, currency: 'USD' });
  });
  api.post('/model/pricing', async ({ body }) => {
    const model = named(body);
    return success({ model_id: model.id, unit_price: dollars(model), currency: 'USD' });
  });
}

function catalogueEntry(model: PublicModel, basePrice: number) {
  const { id, name, description, type } = model;
  return {
    model_id: id,
    name,
    description,
    type,
    base_price: basePrice,
    formula: '{"total_price": base_price}',
    api_schema: {
      api_schemas: [
        { method: 'POST', api_path: `/api/v3/${id}`, type: 'model_run', request_schema: requestSchema(model) },
      ],
    },
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
