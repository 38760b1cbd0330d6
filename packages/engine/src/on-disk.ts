import { foldedWeights } from './adapters/folded.ts';
import { compiledModel } from './backends/compiled.ts';
import type { Keep } from './keep.ts';

export const keep: Keep | undefined = { foldedWeights, compiledModel };
