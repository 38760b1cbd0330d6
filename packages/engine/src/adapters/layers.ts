import { elementsOf } from '@retone/common';

/** A layer whose weight can be adapted: its name as adapters have it, and the weight's shape as rows and columns. */
export interface AdaptableLayer {
  layer: string;
  rows: number;
  columns: number;
}

/** The layer that a weight belongs to, if it can be adapted: those of the transformer and the conditioners, but the text encoder. */
export function adaptableLayer(name: string, shape: readonly number[]): AdaptableLayer | undefined {
  const layer = /^(?:model|conditioner)\.(.*)\.weight$/.exec(name)?.[1];
  if (!layer || shape.length < 2) return undefined;
  return { layer, rows: shape[0]!, columns: elementsOf(shape.slice(1)) };
}

/**
 * How adapters act where the reference's PyTorch code and its other runtimes differ. `even` (the default): every adapter is
 * applied to each layer that it has values for, and the norms of DoRA and BoRA move from the base weight's to the adapter's
 * with the strength, so that a small strength changes little. `reference` is what the PyTorch code does: an adapter is applied
 * to a layer only if every earlier one also covers it, and any strength but 0 takes the adapter's norms.
 */
export type AdapterRules = 'even' | 'reference';
