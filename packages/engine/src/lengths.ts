/** A time span in seconds. */
export interface Region {
  start: number;
  end: number;
}

/** The first sample of a region, and the first one behind it. */
export function samplesOf({ start, end }: Region, sampleRate: number): [from: number, to: number] {
  return [Math.trunc(start * sampleRate), Math.trunc(end * sampleRate)];
}

/** The lengths that a generation works with, in samples per channel and in latent frames. */
export interface Lengths {
  /** Samples of the result: `trunc(seconds * rate)`. */
  outputSamples: number;
  /** Frames that the result needs. */
  outputFrames: number;
  /** Frames that the network works on: duration and padding, rounded up to what the pretransform can code. */
  frames: number;
  /** Of those, the frames that carry the duration and its padding; those behind them are only rounding. */
  validFrames: number;
}

export interface LengthOptions {
  sampleRate: number;
  /** Samples per latent frame. */
  downsamplingRatio: number;
  /** Frames must be a multiple of this. */
  alignment: number;
  /** Most samples that the model can work on. */
  maxSamples: number;
  /** Generated behind the duration and thrown away, so that the end is not an ending. */
  paddingSeconds: number;
}

/**
 * Lengths for a duration (spec, section 7). The products are truncated as IEEE doubles: 0.7 s gives 30869 samples.
 *
 * @param seconds duration of the result
 * @param longest duration that decides the number of frames, when several results of different duration share one batch
 */
export function workingLengths(seconds: number, options: LengthOptions, longest = seconds): Lengths {
  const { sampleRate, downsamplingRatio: ratio, alignment, maxSamples, paddingSeconds } = options;
  const outputSamples = Math.trunc(seconds * sampleRate);
  const padded = Math.trunc((longest + paddingSeconds) * sampleRate);
  const aligned = ratio * alignment;
  const samples = Math.min(Math.ceil((Math.ceil(padded / ratio) * ratio) / aligned) * aligned, maxSamples);
  const frames = Math.floor(samples / ratio);
  const outputFrames = Math.ceil(outputSamples / ratio);
  const valid = outputFrames + Math.trunc((paddingSeconds * sampleRate) / ratio);
  return { outputSamples, outputFrames, frames, validFrames: Math.min(valid, frames) };
}
