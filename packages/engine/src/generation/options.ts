import type { SamplingShift } from '@retone/checkpoint';
import type { Tensor } from '@retone/runtime';
import type { Conditioning } from '../conditioning/conditioners.ts';
import type { Region } from '../lengths.ts';
import type { LevelRange } from '../sampling/level-range.ts';
import type { NoiseSource } from '../sampling/noise.ts';
import type { SamplerName } from '../sampling/samplers.ts';
import type { ScheduleKind } from '../sampling/schedule.ts';

export type Stage = 'text' | 'encode' | 'sample' | 'decode';

export interface Progress {
  stage: Stage;
  /** Finished part of the whole generation, 0 to 1. */
  fraction: number;
  /** In stage `sample`: finished steps, and how many there are. */
  step?: number;
  steps?: number;
}

/** Options of a generation. Omitted ones have the model's own defaults. */
export interface GenerateOptions {
  prompt: string;
  /** Describes sounds that the result should lack. Only used when the guidance scale is not 1. */
  negativePrompt?: string | undefined;
  /** Values for the model's conditioners other than the prompt and the duration, by id. */
  conditions?: Conditioning | undefined;
  /** Duration of the result in seconds. */
  seconds: number;
  /** The recording to start from, [channels, samples] at the model's rate; with noise level `initNoiseLevel`. */
  source?: Tensor | undefined;
  /** 0 to 1: how far the result may leave the source. 1 keeps nothing of it, 0 gives it back as it is. */
  initNoiseLevel?: number | undefined;
  /** The recording to fill in, [channels, samples]: everything outside the regions guides what comes into them. */
  inpaint?: { audio: Tensor; regions: readonly Region[] } | undefined;
  steps?: number | undefined;
  sampler?: SamplerName | undefined;
  /** 1: the prompt alone. Above, it counts more; below, the result lies between the negative prompt (0) and the prompt. */
  guidanceScale?: number | undefined;
  /** 0 (plain guidance) to 1 (orthogonal part only, the default). */
  apgScale?: number | undefined;
  /** 0 (the default) to 1: how far guidance keeps the prompt's own deviation; the reference's `scale_phi`. */
  guidanceRescale?: number | undefined;
  /** Noise levels at which guidance applies, 0 to 1, both ends included; elsewhere the prompt counts alone. Default: all. */
  guidanceInterval?: LevelRange | undefined;
  /** Above 0: the largest norm of what guidance adds per unit of its scale. Default: no bound. */
  guidanceNormThreshold?: number | undefined;
  /**
   * The condition that guidance leads away from without a negative prompt: `zeros`, as in the PyTorch reference (the default), or
   * `padding`, the conditioner's learned padding, as in its optimised runtimes.
   */
  unconditional?: Unconditional | undefined;
  /** Default: monotone. */
  schedule?: ScheduleKind | undefined;
  /** How noise levels are distributed over the steps; default: as the model's configuration says. */
  shift?: SamplingShift | undefined;
  paddingSeconds?: number | undefined;
  /** Peaks are kept at or below this, 0.1 to 1; `off`: they are clipped at full scale, as the PyTorch reference does. Default 0.977. */
  ceiling?: number | 'off' | undefined;
  /** An integer; the same seed gives the same result. */
  seed?: number | undefined;
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: Progress) => void) | undefined;
  /** Called with a sentence about what is left out of the request, such as the end of a prompt that is too long. */
  onWarning?: ((warning: string) => void) | undefined;
  /** Receives, after every second step but the last, what would be the result [channels, samples] if the sampler stopped there. */
  onPreview?: ((audio: Tensor, step: number) => void) | undefined;
}

/** The condition that guidance leads away from without a negative prompt. */
export const unconditionals = ['zeros', 'padding'] as const;
export type Unconditional = (typeof unconditionals)[number];

/** Hooks for tests and measurements: the reference's own noise, and a look at inner values. */
export interface GenerationHooks {
  /** Instead of a seed: where noise comes from. */
  noise?: NoiseSource | undefined;
  /** Duration in seconds that decides the number of frames worked on, when it is not this generation's own. */
  longestSeconds?: number | undefined;
  /** Receives inner values under the names that recorded fixtures use. */
  inspect?: ((name: string, value: Tensor) => void) | undefined;
}

/** The noise level that sampling starts from. */
export function noiseLevel({ source, initNoiseLevel = 1 }: GenerateOptions): number {
  return source ? initNoiseLevel : 1;
}
