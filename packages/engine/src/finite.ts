import { EngineError } from './errors.ts';

/**
 * Looks through values that a model computed. Without this, NaN in weights would become a silent file: encoders write it as 0.
 *
 * @throws EngineError naming the stage when one of them is infinite or not a number
 */
export function assertFinite(values: Float32Array, stage: string): void {
  if (values.every(Number.isFinite)) return;
  throw new EngineError(
    'not-finite',
    `${stage} came out as NaN or infinity; weights of the model or of an adapter must be damaged or too large`,
  );
}
