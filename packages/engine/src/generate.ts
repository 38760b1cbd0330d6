import type { Tensor } from '@retone/runtime';
import { assertFinite } from './finite.ts';
import { checkOptions } from './generation/check.ts';
import { localCondition, structureOf } from './generation/local-condition.ts';
import { type GenerateOptions, type GenerationHooks, noiseLevel } from './generation/options.ts';
import { reporterOf } from './generation/progress.ts';
import { Recording } from './generation/recording.ts';
import { frameMask, sampled } from './generation/sample.ts';
import { encodedTexts, understood } from './generation/texts.ts';
import { type Lengths, workingLengths } from './lengths.ts';
import { defaultCeiling, limit } from './loudness/limiter.ts';
import type { Model } from './model.ts';
import { nextTurn } from './next-turn.ts';
import { cropped, fitted } from './tensors.ts';

/**
 * Generates audio [channels, samples] in -1..1 at the model's sample rate: from text alone, from a source, or into
 * regions of one (spec, sections 5 to 7).
 *
 * @throws EngineError on a request out of range; the signal's reason when it is aborted
 */
export async function generate(model: Model, asked: GenerateOptions & GenerationHooks): Promise<Tensor> {
  const options = understood(model, asked);
  const { source, signal, inspect } = options;
  checkOptions(model, options);
  signal?.throwIfAborted();
  const lengths = lengthsOf(model, options);
  if (source && noiseLevel(options) === 0) return fitted(source, model.audioChannels, lengths.outputSamples);
  inspect?.('padding_mask', frameMask(lengths));

  const report = reporterOf(options);
  report('text', 0);
  const { cross, global, guidance } = await encodedTexts(model, options);
  await nextTurn();

  report('encode', 0);
  const { frames } = lengths;
  const recording = new Recording(model, options, lengths, report);
  const initial = source && (await recording.encode(source));
  if (initial) inspect?.('init_latents', initial);
  const structure = model.structure && structureOf(model.structure, options, () => recording.source, frames);
  const local = await localCondition(model, frames, options, (audio) => recording.encode(audio), structure);
  if (local) inspect?.('local_add_cond', local);
  signal?.throwIfAborted();

  const finished = async (latents: Tensor, onProgress?: (done: number) => void): Promise<Tensor> => {
    const audio = await decoded(model, options, { latents, initial, recording, lengths, onProgress });
    recording.restoreLevel(audio);
    const { ceiling = defaultCeiling } = options;
    if (ceiling !== 'off') limit(audio, model.sampleRate, ceiling);
    for (let i = 0; i < audio.data.length; i++) audio.data[i] = Math.min(Math.max(audio.data[i]!, -1), 1);
    return audio;
  };
  const { onPreview } = options;
  const preview = onPreview && (async (half: Tensor, step: number) => onPreview(await finished(half), step));
  const conditions = { cross, global, local };
  const latents = await sampled(model, options, { conditions, initial, guidance, lengths, report, preview });
  assertFinite(latents.data, 'the sampled latents');
  await nextTurn();
  signal?.throwIfAborted();

  report('decode', 0);
  const audio = await finished(latents, (done) => report('decode', done));
  report('decode', 1);
  return audio;
}

function lengthsOf(model: Model, options: GenerateOptions & GenerationHooks): Lengths {
  const { downsamplingRatio, alignment } = model.pretransform;
  const { paddingSeconds = model.defaults.paddingSeconds } = options;
  const { sampleRate } = model;
  const maxSamples = model.config.sample_size;
  const lengthOptions = { sampleRate, downsamplingRatio, alignment, maxSamples, paddingSeconds };
  return workingLengths(options.seconds, lengthOptions, options.longestSeconds);
}

interface Decoding {
  /** [channels, frames] */
  latents: Tensor;
  /** The latents that sampling started from, for a transform. */
  initial: Tensor | undefined;
  recording: Recording;
  lengths: Lengths;
  onProgress: ((done: number) => void) | undefined;
}

/** The result [channels, samples] at the level of the model. */
async function decoded(
  { pretransform }: Model,
  options: GenerateOptions,
  { latents, initial, recording, lengths, onProgress }: Decoding,
): Promise<Tensor> {
  const run = {
    frames: lengths.outputFrames,
    signal: options.signal,
    onProgress,
  };
  const edited = () => ({
    audio: recording.source,
    latents: initial!,
    noiseLevel: noiseLevel(options),
  });
  const audio =
    initial && pretransform.decodeEdited
      ? await pretransform.decodeEdited(latents, edited(), run)
      : await pretransform.decode(latents, run);
  const result = cropped(audio, lengths.outputSamples);
  assertFinite(result.data, 'the decoded audio');
  return result;
}
