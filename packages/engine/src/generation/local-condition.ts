import type { Tensor } from '@retone/runtime';
import { type Structure, structureStrength } from '../conditioning/structure.ts';
import { samplesOf } from '../lengths.ts';
import type { Model } from '../model.ts';
import { columns, joined, zeros } from '../tensors.ts';
import { type GenerateOptions, type GenerationHooks, noiseLevel } from './options.ts';

/**
 * The structure of the source [channels, frames], or undefined where nothing of it is kept: without a source, and at level 1.
 */
export function structureOf(
  structure: Structure,
  options: GenerateOptions,
  source: () => Tensor,
  frames: number,
): Tensor | undefined {
  const strength = options.source ? structureStrength(noiseLevel(options)) : 0;
  if (strength === 0) return undefined;
  return columns(structure.channelsOf(source(), strength), 0, frames);
}

/**
 * The local condition [1, channels, frames], in the order in which the model names its parts: a mask (1 = keep, 0 = generate)
 * and the latents that are kept, for inpainting, and the source's structure. The mask is made in samples; a frame takes the
 * value at its first one. Beyond the duration it is 0. What a generation has not is 0; without all, one frame stands for all.
 */
export async function localCondition(
  model: Model,
  frames: number,
  options: GenerateOptions & GenerationHooks,
  encode: (audio: Tensor) => Promise<Tensor>,
  structure: Tensor | undefined,
): Promise<Tensor | undefined> {
  const { local_add_cond_ids: ids, config } = model.config.model.diffusion;
  if (!config.local_add_cond_dim || ids.length === 0) return undefined;
  if (!options.inpaint && !structure) return zeros([1, config.local_add_cond_dim, 1]);
  const kept = options.inpaint && (await keptParts(model, frames, options, encode));
  const parts = {
    inpaint_mask: () => kept?.mask ?? zeros([1, frames]),
    inpaint_masked_input: () => kept?.latents ?? zeros([model.pretransform.latentChannels, frames]),
    structure: () => structure ?? zeros([model.structure!.channels, frames]),
  };
  return { data: joined(ids.map((id) => parts[id]().data)), shape: [1, config.local_add_cond_dim, frames] };
}

/** The mask [1, frames] of inpainting and the latents [channels, frames] that it keeps. */
async function keptParts(
  model: Model,
  frames: number,
  options: GenerateOptions & GenerationHooks,
  encode: (audio: Tensor) => Promise<Tensor>,
): Promise<{ mask: Tensor; latents: Tensor }> {
  const { audio, regions } = options.inpaint!;
  const latents = await encode(audio);
  options.inspect?.('inpaint_latents', latents);
  const mask = zeros([1, frames]);
  const end = Math.trunc((options.longestSeconds ?? options.seconds) * model.sampleRate);
  const spans = regions.map((region) => samplesOf(region, model.sampleRate));
  for (let frame = 0; frame < frames; frame++) {
    const sample = frame * model.pretransform.downsamplingRatio;
    const generated = sample >= end || spans.some(([from, to]) => sample >= from && sample < to);
    if (!generated) mask.data[frame] = 1;
  }
  const kept = { data: latents.data.map((value, i) => value * mask.data[i % frames]!), shape: latents.shape };
  return { mask, latents: kept };
}
