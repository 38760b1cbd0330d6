// For tests and measurements: generation with the reference's noise and a look at inner values, loading with another backend.

export type { Backend } from './backends/backend.ts';
export { exactBackend } from './backends/exact.ts';
export { generate } from './generate.ts';
export type { GenerateOptions, GenerationHooks } from './generation/options.ts';
export { type LoadHooks, loadModel } from './load.ts';
export { type NoiseSource, seededNoise } from './sampling/noise.ts';
