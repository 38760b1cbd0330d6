import { z } from 'zod';
import type { PublicModel } from './models.ts';
import type { CatalogueEntry, ParameterSchema } from './results.ts';

/** A model as the catalogue has it, at a price in US dollars. */
export function catalogueEntry(model: PublicModel, basePrice: number): CatalogueEntry {
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
function requestSchema(model: PublicModel) {
  const {
    $schema: _,
    properties,
    ...schema
  } = z.toJSONSchema(model.schema, { io: 'input' }) as {
    $schema: string;
    properties: Record<string, ParameterSchema>;
  };
  return { ...schema, properties, 'x-order-properties': Object.keys(properties) };
}
