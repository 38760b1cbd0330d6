import type { Tensor } from '@retone/runtime';
import { type Conditioning, checkPrompt } from '../conditioning/conditioners.ts';
import { readTexts } from '../conditioning/texts.ts';
import { assertFinite } from '../finite.ts';
import type { Model } from '../model.ts';
import type { Guidance } from '../sampling/velocity.ts';
import { zeros } from '../tensors.ts';
import { type GenerateOptions, noiseLevel } from './options.ts';

/** A request's texts as the transformer reads them. */
export interface EncodedTexts {
  /** Rows for cross-attention [1, rows, width]. */
  cross: Tensor;
  global: Tensor | undefined;
  /** Undefined where the prompt counts alone. */
  guidance: Guidance | undefined;
}

/** Encodes the prompts of a request, and warns of what in them has no effect. */
export async function encodedTexts(model: Model, options: GenerateOptions): Promise<EncodedTexts> {
  const conditioning: Conditioning = { ...options.conditions, prompt: options.prompt, seconds_total: options.seconds };
  const { cross } = await model.conditioners.cross(conditioning);
  assertFinite(cross.data, 'the encoded prompt');
  const global = await model.conditioners.global(conditioning);
  // Guidance leads away from a prompt; a model without cross-attention has none.
  const scale = cross.data.length === 0 ? 1 : (options.guidanceScale ?? model.defaults.guidanceScale);
  if (scale === 1 && options.negativePrompt)
    options.onWarning?.('the negative prompt has no effect with a guidance scale of 1');
  const guidance = scale === 1 ? undefined : await guidanceOf(model, options, scale, conditioning, cross);
  const texts = { 'the prompt': options.prompt, 'the negative prompt': guidance && options.negativePrompt };
  for (const [name, text] of Object.entries(texts)) {
    const warning = text && model.conditioners.warning(text);
    if (warning) options.onWarning?.(`${name} ${warning}`);
  }
  return { cross, global, guidance };
}

/** The guidance that a request asks for, with a scale other than 1. */
async function guidanceOf(
  model: Model,
  options: GenerateOptions,
  scale: number,
  conditioning: Conditioning,
  like: Tensor,
): Promise<Guidance> {
  const { guidanceInterval: interval = { from: 0, to: 1 }, apgScale = 1 } = options;
  return {
    negative: await negativeRows(model, options, conditioning, like),
    scale,
    // Below 1 it leads from the negative prompt to the prompt: all of the way between them counts.
    apgScale: scale < 1 ? 0 : apgScale,
    rescale: options.guidanceRescale,
    normThreshold: options.guidanceNormThreshold,
    interval,
  };
}

/** Cross-attention rows that guidance leads away from: the negative prompt's, or what stands for no prompt. */
async function negativeRows(
  model: Model,
  { negativePrompt, unconditional = 'zeros' }: GenerateOptions,
  conditioning: Conditioning,
  like: Tensor,
): Promise<Tensor> {
  if (negativePrompt !== undefined)
    return model.conditioners.negativeCross({ ...conditioning, prompt: negativePrompt });
  return unconditional === 'zeros' ? zeros(like.shape) : model.conditioners.emptyCross(conditioning);
}

/** The options with their texts as the model reads them; warns of what it reads otherwise than it was written. */
export function understood<Options extends GenerateOptions>(model: Model, options: Options): Options {
  const unheard = options.source && noiseLevel(options) === 0;
  if (!model.vocabulary || unheard) return options;
  const guided = (options.guidanceScale ?? model.defaults.guidanceScale) > 1;
  const { prompt, negativePrompt } = options;
  checkPrompt(prompt);
  checkPrompt(negativePrompt ?? '');
  const { warnings, ...texts } = readTexts(model.vocabulary, { prompt, negativePrompt, guided });
  for (const warning of warnings) options.onWarning?.(warning);
  return { ...options, ...texts };
}
