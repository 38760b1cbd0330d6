import { type Files, openAutoencoder, Weights } from '@retone/checkpoint';
import type { SessionOptions, Tensor } from '@retone/runtime';
import { exactBackend } from './backends/exact.ts';
import { EngineError } from './errors.ts';
import { assertFinite } from './finite.ts';
import { loadPretransform } from './pretransforms/open.ts';
import type { Pretransform, PretransformRun } from './pretransforms/pretransform.ts';
import { columns, fitted } from './tensors.ts';

/** The autoencoder of a checkpoint, loaded by itself: that of a diffusion model, or one that is published alone. */
export class Autoencoder {
  readonly sampleRate: number;
  readonly audioChannels: number;
  readonly latentChannels: number;
  /** Audio samples per latent frame. */
  readonly downsamplingRatio: number;
  readonly #pretransform: Pretransform;
  readonly #close: () => void;

  private constructor(sampleRate: number, audioChannels: number, pretransform: Pretransform, close: () => void) {
    this.sampleRate = sampleRate;
    this.audioChannels = audioChannels;
    this.latentChannels = pretransform.latentChannels;
    this.downsamplingRatio = pretransform.downsamplingRatio;
    this.#pretransform = pretransform;
    this.#close = close;
  }

  /** @throws CheckpointError when a file is absent or malformed, or the weights do not fit the configuration */
  static load(folder: string, { files, ...options }: SessionOptions & { files?: Files } = {}): Autoencoder {
    const { config, file } = openAutoencoder(folder, files);
    try {
      const { pretransform: coding } = config.model_type === 'autoencoder' ? config : config.model;
      const pretransform = loadPretransform(config, new Weights(file), exactBackend(options));
      return new Autoencoder(config.sample_rate, coding.config.io_channels, pretransform, () => file.close());
    } catch (error) {
      file.close();
      throw error;
    }
  }

  /**
   * Audio [channels, samples] in -1..1 at the sample rate to latents [latentChannels, frames]: a frame for every
   * {@link downsamplingRatio} samples, the last one padded with silence, and as in the reference one more where an
   * autoencoder codes two together and their number is odd.
   */
  async encode(audio: Tensor, run: PretransformRun = {}): Promise<Tensor> {
    const frames = this.#wholeChunks(Math.ceil(audio.shape[1]! / this.downsamplingRatio));
    const latents = await this.#pretransform.encode(
      fitted(audio, this.audioChannels, frames * this.downsamplingRatio),
      run,
    );
    assertFinite(latents.data, 'the encoded recording');
    return columns(latents, 0, frames);
  }

  /**
   * Latents [latentChannels, frames] to audio [channels, frames * downsamplingRatio], clamped to -1..1; of it the first
   * `samples`, where that is given.
   *
   * @throws EngineError when they have another number of channels
   */
  async decode(
    latents: Tensor,
    { samples, ...run }: PretransformRun & { samples?: number | undefined } = {},
  ): Promise<Tensor> {
    const [channels, frames] = latents.shape as [number, number];
    if (latents.shape.length !== 2 || channels !== this.latentChannels || frames < 1) {
      throw new EngineError(
        'invalid-argument',
        `the latents must have the shape [${this.latentChannels}, frames] (got [${latents.shape}])`,
      );
    }
    // Whole chunks: with an odd number the last piece of a long sequence would begin in the middle of one.
    const decoded = await this.#pretransform.decode(columns(latents, 0, this.#wholeChunks(frames)), run);
    const longest = frames * this.downsamplingRatio;
    const audio = fitted(decoded, this.audioChannels, Math.min(samples ?? longest, longest));
    assertFinite(audio.data, 'the decoded audio');
    for (let i = 0; i < audio.data.length; i++) audio.data[i] = Math.min(Math.max(audio.data[i]!, -1), 1);
    return audio;
  }

  #wholeChunks(frames: number): number {
    const { framesPerChunk = 1 } = this.#pretransform;
    return Math.ceil(frames / framesPerChunk) * framesPerChunk;
  }

  async release(): Promise<void> {
    await this.#pretransform.release();
    this.#close();
  }
}
