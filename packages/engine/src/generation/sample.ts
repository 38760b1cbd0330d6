import type { Tensor } from '@retone/runtime';
import type { Lengths } from '../lengths.ts';
import type { Model } from '../model.ts';
import type { DitConditions } from '../networks/dit.ts';
import { nextTurn } from '../next-turn.ts';
import { seededNoise } from '../sampling/noise.ts';
import { mix, samplers } from '../sampling/samplers.ts';
import { noiseSchedule } from '../sampling/schedule.ts';
import { type Guidance, velocityOf } from '../sampling/velocity.ts';
import { type GenerateOptions, type GenerationHooks, noiseLevel } from './options.ts';
import type { Report } from './progress.ts';

interface Sampling {
  conditions: DitConditions;
  /** The source's latents. */
  initial: Tensor | undefined;
  guidance: Guidance | undefined;
  lengths: Lengths;
  report: Report;
  /** Makes a preview of half-made latents [channels, frames]. */
  preview: ((latents: Tensor, step: number) => Promise<void>) | undefined;
}

/**
 * Makes latents [channels, frames]. A separate function, so that what the steps need (the keys and values of every layer)
 * is gone when it returns, and decoding has the memory.
 */
export async function sampled(
  model: Model,
  options: GenerateOptions & GenerationHooks,
  sampling: Sampling,
): Promise<Tensor> {
  const { initial, conditions, guidance, lengths, report, preview } = sampling;
  const { frames } = lengths;
  const { signal, inspect } = options;
  const sigmaMax = noiseLevel(options);
  const noise = options.noise ?? seededNoise(options.seed ?? 0);
  const channels = model.pretransform.latentChannels;
  const draw = (index: number) => noise.draw(index, channels, frames);
  const start = initial ? mix(initial.data, 1 - sigmaMax, draw(0), sigmaMax) : draw(0);
  const steps = options.steps ?? model.defaults.steps;
  const sigmas = noiseSchedule({
    steps,
    sigmaMax,
    shift: options.shift ?? model.config.model.diffusion.sampling_distribution_shift_options,
    frames: lengths.outputFrames,
    kind: options.schedule ?? 'monotone',
  });
  inspect?.('sigmas', { data: Float32Array.from(sigmas), shape: [1, sigmas.length] });

  const velocity = velocityOf({
    ditAt: (level) => model.ditAt(level),
    conditions,
    guidance: guidance && { ...guidance, validFrames: lengths.validFrames },
    mask: frameMask(lengths),
    channels,
  });
  report('sample', 0, { step: 0, steps });
  // Decoded before the next step: the sampler's own callback cannot wait.
  let half: { latents: Tensor; step: number } | undefined;
  const final = await samplers[options.sampler ?? model.defaults.sampler](start, {
    async velocity(x, t) {
      await nextTurn();
      signal?.throwIfAborted();
      const { latents, step } = half ?? {};
      half = undefined;
      if (latents && step) await preview?.(latents, step);
      return velocity(x, t);
    },
    sigmas,
    noise: (step) => draw(step + 1),
    onStep({ index, denoised }) {
      report('sample', (index + 1) / steps, { step: index + 1, steps });
      inspect?.(`denoised_${index}`, { data: denoised, shape: [1, channels, frames] });
      const isDue = preview !== undefined && (index + 1) % 2 === 0 && index + 1 < steps;
      if (isDue) half = { latents: { data: denoised.slice(), shape: [channels, frames] }, step: index + 1 };
    },
  });
  const latents = { data: final, shape: [channels, frames] };
  inspect?.('latents', latents);
  return latents;
}

/** [1, frames], 1 at the valid ones. */
export function frameMask({ validFrames, frames }: Lengths): Tensor {
  return { data: Float32Array.from({ length: frames }, (_, i) => (i < validFrames ? 1 : 0)), shape: [1, frames] };
}
