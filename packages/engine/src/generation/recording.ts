import type { Tensor } from '@retone/runtime';
import { assertFinite } from '../finite.ts';
import type { Lengths } from '../lengths.ts';
import { amplify, gainTo, level, levelRegions } from '../loudness/levels.ts';
import type { Model } from '../model.ts';
import { columns, fitted } from '../tensors.ts';
import type { GenerateOptions } from './options.ts';
import type { Report } from './progress.ts';

/** Length of the crossfade between what was kept and what was generated, in seconds. */
export const seamSeconds = 0.02;

/**
 * The recording of a request at the level of the model: one that was trained at one loudness takes every recording, and
 * returns every result, at that loudness.
 */
export class Recording {
  readonly #model: Model;
  readonly #options: GenerateOptions;
  readonly #lengths: Lengths;
  readonly #report: Report;
  readonly #gain: number;
  #source: Tensor | undefined;

  constructor(model: Model, options: GenerateOptions, lengths: Lengths, report: Report) {
    this.#model = model;
    this.#options = options;
    this.#lengths = lengths;
    this.#report = report;
    const { loudness } = model.pretransform;
    const audio = loudness === undefined ? undefined : this.#cut();
    this.#gain = audio ? gainTo(loudness!, audio, model.sampleRate) : 1;
  }

  /** Audio [channels, samples] at the level of the model, padded with silence to [channels, frames * downsamplingRatio]. */
  levelled(audio: Tensor): Tensor {
    const { audioChannels, pretransform } = this.#model;
    const padded = fitted(audio, audioChannels, this.#lengths.frames * pretransform.downsamplingRatio);
    amplify(padded, this.#gain);
    return padded;
  }

  /** The source of a transform as `levelled` gives it; made once, and only read. */
  get source(): Tensor {
    this.#source ??= this.levelled(this.#options.source!);
    return this.#source;
  }

  /** The latents [channels, frames] of audio [channels, samples]. */
  async encode(audio: Tensor): Promise<Tensor> {
    const { frames } = this.#lengths;
    const onProgress = (done: number) => this.#report('encode', done);
    const run = { frames, signal: this.#options.signal, onProgress };
    const latents = await this.#model.pretransform.encode(this.levelled(audio), run);
    assertFinite(latents.data, 'the encoded recording');
    return columns(latents, 0, frames);
  }

  /** Brings a result [channels, samples] back to the level of the recording, in place. */
  restoreLevel(result: Tensor): void {
    const { pretransform, sampleRate } = this.#model;
    if (pretransform.loudness === undefined) return;
    amplify(result, 1 / this.#gain);
    const { inpaint } = this.#options;
    if (inpaint) levelRegions(result, this.#cut()!, inpaint.regions, { sampleRate, seam: seamSeconds * sampleRate });
    else level(result, pretransform.loudness - 20 * Math.log10(this.#gain), sampleRate);
  }

  /** The recording, cut or padded to the length of the result. */
  #cut(): Tensor | undefined {
    const { source, inpaint } = this.#options;
    const audio = source ?? inpaint?.audio;
    return audio && fitted(audio, this.#model.audioChannels, this.#lengths.outputSamples);
  }
}
