import type { CatalogueEntry, ParameterSchema } from '@retone/contract';
import { request } from './client.ts';

/** The models, which the service writes into the page. In development they are asked for. */
const written = document.getElementById('catalogue')?.textContent;
export const catalogue: CatalogueEntry[] = JSON.parse(written || 'null') ?? (await askedFor());

async function askedFor(): Promise<CatalogueEntry[]> {
  const response = await request('GET', 'api/v3/models');
  return ((await response.json()) as { data: CatalogueEntry[] }).data;
}

export interface Parameter extends ParameterSchema {
  name: string;
  required: boolean;
}

/** A model's entry, by the last part of its id. */
export function modelNamed(name: string): CatalogueEntry {
  const found = catalogue.find(({ model_id }) => model_id.endsWith(`/${name}`));
  if (!found) throw new Error(`the service has no model ${name}`);
  return found;
}

/** A model's parameters in the order of a form. */
export function parametersOf(model: CatalogueEntry): Parameter[] {
  const schema = model.api_schema.api_schemas[0]!.request_schema;
  return schema['x-order-properties'].map((name) => ({
    name,
    required: schema.required?.includes(name) ?? false,
    ...schema.properties[name],
  }));
}

/** The longest result of a model in seconds, where its schema names one. */
export function longestResult(model: string): number | undefined {
  return parametersOf(modelNamed(model)).find(({ name }) => name === 'duration')?.maximum;
}
