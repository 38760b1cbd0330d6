import type { SamplingShift } from '@retone/checkpoint';
import type { Tensor } from '@retone/runtime';
import { choice } from './choice.ts';
import { type Conditioning, checkPrompt } from './conditioning/conditioners.ts';
import { type Structure, structureStrength } from './conditioning/structure.ts';
import { readTexts } from './conditioning/words.ts';
import { EngineError } from './errors.ts';
import { assertFinite } from './finite.ts';
import { type Lengths, type Region, samplesOf, workingLengths } from './lengths.ts';
import { amplify, gainTo, level, levelRegions } from './loudness/levels.ts';
import { defaultCeiling, limit } from './loudness/limiter.ts';
import type { Model } from './model.ts';
import type { DitConditions } from './networks/dit.ts';
import { nextTurn } from './pretransforms/pieces.ts';
import { assertLevels, type LevelRange } from './sampling/level-range.ts';
import { type NoiseSource, seededNoise } from './sampling/noise.ts';
import { mix, type SamplerName, samplers } from './sampling/samplers.ts';
import { noiseSchedule, type ScheduleKind } from './sampling/schedule.ts';
import { type Guidance, velocityOf } from './sampling/velocity.ts';
import { columns, cropped, fitted, joined, zeros } from './tensors.ts';

export type Stage = 'text' | 'encode' | 'sample' | 'decode';

export interface Progress {
  stage: Stage;
  /** Finished part of the whole generation, 0 to 1. */
  fraction: number;
  /** In stage `sample`: finished steps, and how many there are. */
  step?: number;
  steps?: number;
}

/** What to generate, and how. What is left out is the model's own default. */
export interface GenerateOptions {
  prompt: string;
  /** What the result should not be; counts only with a guidance scale other than 1. */
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
   * What guidance leads away from without a negative prompt: `zeros`, as in the PyTorch reference (the default), or
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
  /** Instead of a seed: where noise comes from. */
  noise?: NoiseSource | undefined;
  /** Duration that decides the number of frames worked on, when it is not this generation's own. */
  longestSeconds?: number | undefined;
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: Progress) => void) | undefined;
  /** Hears, as a sentence, of what is left out of the request, such as the end of a prompt that is too long. */
  onWarning?: ((warning: string) => void) | undefined;
  /** Sees inner values under the names that recorded fixtures use. */
  inspect?: ((name: string, value: Tensor) => void) | undefined;
}

/** What guidance leads away from without a negative prompt. */
export const unconditionals = ['zeros', 'padding'] as const;
export type Unconditional = (typeof unconditionals)[number];

/** Length of the cross-fade between what was kept and what was made, in seconds. */
export const seamSeconds = 0.02;

/** How the time of a generation divides among its stages, roughly; only progress bars depend on it. */
const stageShare: Record<Stage, [from: number, to: number]> = {
  text: [0, 0.02],
  encode: [0.02, 0.15],
  sample: [0.15, 0.85],
  decode: [0.85, 1],
};

/**
 * Generates audio [channels, samples] in -1..1 at the model's sample rate: from text alone, from a source, or into
 * regions of one (spec, sections 5 to 7).
 *
 * @throws EngineError on a request out of range; the signal's reason when it is aborted
 */
export async function generate(model: Model, asked: GenerateOptions): Promise<Tensor> {
  const options = understood(model, asked);
  const { pretransform, defaults, audioChannels } = model;
  const { signal, inspect } = options;
  const report: Report = (stage, done, more = {}) => {
    const [from, to] = stageShare[stage];
    options.onProgress?.({ stage, fraction: from + (to - from) * done, ...more });
  };
  checkOptions(model, options);
  signal?.throwIfAborted();

  const lengths = workingLengths(
    options.seconds,
    {
      sampleRate: model.sampleRate,
      downsamplingRatio: pretransform.downsamplingRatio,
      alignment: pretransform.alignment,
      maxSamples: model.config.sample_size,
      paddingSeconds: options.paddingSeconds ?? defaults.paddingSeconds,
    },
    options.longestSeconds,
  );
  if (options.source && noiseLevel(options) === 0) return fitted(options.source, audioChannels, lengths.outputSamples);

  const { frames } = lengths;
  inspect?.('padding_mask', frameMask(lengths));

  report('text', 0);
  const conditioning: Conditioning = { ...options.conditions, prompt: options.prompt, seconds_total: options.seconds };
  const { cross } = await model.conditioners.cross(conditioning);
  // Guidance leads away from a prompt; a model without cross-attention knows none.
  const guidanceScale = cross.data.length === 0 ? 1 : (options.guidanceScale ?? defaults.guidanceScale);
  const global = await model.conditioners.global(conditioning);
  assertFinite(cross.data, 'the encoded prompt');
  if (guidanceScale === 1 && options.negativePrompt)
    options.onWarning?.('the negative prompt has no effect with a guidance scale of 1');
  const guidance =
    guidanceScale === 1 ? undefined : await guidanceOf(model, options, guidanceScale, conditioning, cross);
  const texts = { 'the prompt': options.prompt, 'the negative prompt': guidance && options.negativePrompt };
  for (const [name, text] of Object.entries(texts)) {
    const warning = text && model.conditioners.warning(text);
    if (warning) options.onWarning?.(`${name} ${warning}`);
  }
  await nextTurn();

  // A model that was trained at one loudness hears every recording at it.
  const recording = options.source ?? options.inpaint?.audio;
  const heard = () => fitted(recording!, audioChannels, lengths.outputSamples);
  const gain =
    recording && pretransform.loudness !== undefined ? gainTo(pretransform.loudness, heard(), model.sampleRate) : 1;
  const levelled = (audio: Tensor): Tensor => {
    const padded = fitted(audio, audioChannels, frames * pretransform.downsamplingRatio);
    amplify(padded, gain);
    return padded;
  };
  const encode = async (audio: Tensor): Promise<Tensor> => {
    const padded = levelled(audio);
    const onProgress = (done: number) => report('encode', done);
    const latents = await pretransform.encode(padded, { frames, signal, onProgress });
    assertFinite(latents.data, 'the encoded recording');
    return columns(latents, 0, frames);
  };
  report('encode', 0);
  const initial = options.source && (await encode(options.source));
  if (initial) inspect?.('init_latents', initial);
  const structure = model.structure && structureOf(model.structure, options, levelled, frames);
  const local = await localCondition(model, frames, options, encode, structure);
  if (local) inspect?.('local_add_cond', local);
  signal?.throwIfAborted();

  const latents = await sampled(model, options, {
    conditions: { cross, global, local },
    initial,
    guidance,
    lengths,
    report,
  });
  assertFinite(latents.data, 'the sampled latents');
  await nextTurn();
  signal?.throwIfAborted();

  report('decode', 0);
  const decoding = {
    frames: Math.ceil(lengths.outputSamples / pretransform.downsamplingRatio),
    signal,
    onProgress: (done: number) => report('decode', done),
  };
  const decoded =
    initial && pretransform.decodeEdited
      ? await pretransform.decodeEdited(
          latents,
          { audio: levelled(options.source!), latents: initial, noiseLevel: noiseLevel(options) },
          decoding,
        )
      : await pretransform.decode(latents, decoding);
  const audio = cropped(decoded, lengths.outputSamples);
  assertFinite(audio.data, 'the decoded audio');
  if (pretransform.loudness !== undefined) {
    const { sampleRate } = model;
    amplify(audio, 1 / gain);
    if (options.inpaint)
      levelRegions(audio, heard(), options.inpaint.regions, { sampleRate, seam: seamSeconds * sampleRate });
    else level(audio, pretransform.loudness - 20 * Math.log10(gain), sampleRate);
  }
  const { ceiling = defaultCeiling } = options;
  if (ceiling !== 'off') limit(audio, model.sampleRate, ceiling);
  for (let i = 0; i < audio.data.length; i++) audio.data[i] = Math.min(Math.max(audio.data[i]!, -1), 1);
  report('decode', 1);
  return audio;
}

/** Told how far a stage is, 0 to 1. */
type Report = (stage: Stage, done: number, more?: Partial<Progress>) => void;

interface Sampling {
  conditions: DitConditions;
  /** The source's latents. */
  initial: Tensor | undefined;
  guidance: Guidance | undefined;
  lengths: Lengths;
  report: Report;
}

/**
 * Makes latents [channels, frames]. A function of its own, so that what the steps need (the keys and values of every layer)
 * is gone when it returns, and decoding has the memory.
 */
async function sampled(model: Model, options: GenerateOptions, sampling: Sampling): Promise<Tensor> {
  const { initial, conditions, guidance, lengths, report } = sampling;
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
    frames: Math.ceil(lengths.outputSamples / model.pretransform.downsamplingRatio),
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
  const final = await samplers[options.sampler ?? model.defaults.sampler](start, {
    async velocity(x, t) {
      await nextTurn();
      signal?.throwIfAborted();
      return velocity(x, t);
    },
    sigmas,
    noise: (step) => draw(step + 1),
    onStep({ index, denoised }) {
      report('sample', (index + 1) / steps, { step: index + 1, steps });
      inspect?.(`denoised_${index}`, { data: denoised, shape: [1, channels, frames] });
    },
  });
  const latents = { data: final, shape: [channels, frames] };
  inspect?.('latents', latents);
  return latents;
}

/** The noise level that sampling starts from. */
function noiseLevel({ source, initNoiseLevel = 1 }: GenerateOptions): number {
  return source ? initNoiseLevel : 1;
}

const duration = 'the duration in seconds';

/**
 * Checks the values of a request that can be checked without loading a model.
 *
 * @throws EngineError on a value out of range
 */
export function checkOptions(
  model: Pick<Model, 'maxSeconds' | 'sampleRate'>,
  options: Omit<GenerateOptions, 'prompt' | 'seconds'> & { seconds?: number | undefined },
): void {
  const within = (name: string, value: number | undefined, min: number, max: number, integer = false) => {
    if (value === undefined || (value >= min && value <= max && (!integer || Number.isInteger(value)))) return;
    throw new EngineError(
      name === duration && value > max ? 'too-long' : 'invalid-argument',
      `${name} must be ${integer ? 'an integer ' : ''}between ${shown(min, Math.ceil)} and ${shown(max, Math.floor)} (got ${value})`,
    );
  };
  // A duration that was a number of samples may lie in the middle of the last one.
  const longest = model.maxSeconds + 0.5 / model.sampleRate;
  within(duration, options.seconds, 1 / model.sampleRate, longest);
  within('the initial noise level', options.initNoiseLevel, 0, 1);
  within('the number of steps', options.steps, 1, 1000, true);
  within('the guidance scale', options.guidanceScale, 0, 100);
  within('the APG scale', options.apgScale, 0, 1);
  within('the guidance rescale', options.guidanceRescale, 0, 1);
  within('the guidance norm threshold', options.guidanceNormThreshold, 1e-6, 1e6);
  if (options.guidanceInterval) assertLevels('the guidance interval', options.guidanceInterval);
  if (options.unconditional !== undefined) choice('the unconditional branch', unconditionals, options.unconditional);
  if (options.ceiling !== 'off') within('the ceiling', options.ceiling, 0.1, 1);
  within('the seed', options.seed, 0, Number.MAX_SAFE_INTEGER, true);
  for (const region of options.inpaint?.regions ?? []) assertRegion(region);
}

/** A bound with six digits, rounded (`Math.ceil` or `Math.floor`) to the side that is accepted. */
function shown(bound: number, round: (value: number) => number): number {
  if (Number.isInteger(bound)) return bound;
  const scale = 10 ** (5 - Math.floor(Math.log10(Math.abs(bound))));
  return Number((round(bound * scale) / scale).toPrecision(6));
}

/** @throws EngineError when a region has no length, or begins before the recording */
export function assertRegion({ start, end }: Region): void {
  if (start >= 0 && end > start) return;
  throw new EngineError(
    'invalid-argument',
    `the region ${start}-${end} s is empty; a region has a start >= 0 and an end after it`,
  );
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

/**
 * The structure of the source [channels, frames], or undefined where nothing of it is kept: without a source, and at level 1.
 */
function structureOf(
  structure: Structure,
  options: GenerateOptions,
  levelled: (audio: Tensor) => Tensor,
  frames: number,
): Tensor | undefined {
  const strength = options.source ? structureStrength(noiseLevel(options)) : 0;
  if (strength === 0) return undefined;
  return columns(structure.channelsOf(levelled(options.source!), strength), 0, frames);
}

/**
 * The local condition [1, channels, frames], in the order in which the model names its parts: a mask (1 = keep, 0 = generate)
 * and the latents that are kept, for inpainting, and the source's structure. The mask is made in samples; a frame takes the
 * value at its first one. Beyond the duration it is 0. What a generation has not is 0; without all, one frame stands for all.
 */
async function localCondition(
  model: Model,
  frames: number,
  options: GenerateOptions,
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
  options: GenerateOptions,
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

/** [1, frames], 1 at the valid ones. */
function frameMask({ validFrames, frames }: Lengths): Tensor {
  return { data: Float32Array.from({ length: frames }, (_, i) => (i < validFrames ? 1 : 0)), shape: [1, frames] };
}

/** The options with their texts as the model reads them; warns of what it reads otherwise than it was written. */
function understood(model: Model, options: GenerateOptions): GenerateOptions {
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
