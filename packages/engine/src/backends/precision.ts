import { choice } from '../choice.ts';

/**
 * How exactly a model is computed: everything in fp32; large products in 8-bit integers (on a GPU 16-bit floats), sensitive
 * ones not; or all of them.
 */
export const precisions = ['exact', 'balanced', 'fast'] as const;
export type Precision = (typeof precisions)[number];

/** @throws EngineError when there is no precision of this name */
export function parsePrecision(name: string): Precision {
  return choice('the precision', precisions, name);
}
