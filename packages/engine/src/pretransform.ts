import type { Checkpoint, Weights } from '@retone/checkpoint';
import type { SessionOptions, Tensor } from '@retone/runtime';
import { Same } from './same.ts';
import { Spectral } from './spectral.ts';

/** How far a coding is, and the means to stop it between its pieces. */
export interface PretransformRun {
  signal?: AbortSignal | undefined;
  /** Called with the finished part, 0 to 1. */
  onProgress?: ((done: number) => void) | undefined;
}

/** Between audio and the latents that the diffusion transformer works on. */
export interface Pretransform {
  /** Channels of the latents. */
  readonly latentChannels: number;
  /** Audio samples per latent frame. */
  readonly downsamplingRatio: number;
  /** Latent lengths must be a multiple of this many frames. */
  readonly alignment: number;
  /** audio [channels, samples] in -1..1 at the model's sample rate to latents [latentChannels, frames]. */
  encode(audio: Tensor, run?: PretransformRun): Promise<Tensor>;
  /** latents [latentChannels, frames] to audio [channels, frames * downsamplingRatio]; not clamped. */
  decode(latents: Tensor, run?: PretransformRun): Promise<Tensor>;
  release(): Promise<void>;
}

/** Prefix of the pretransform's weights in a checkpoint. */
const prefix = 'pretransform.model';
/** Piece length and overlap of the published models, in frames. */
const publishedPieces = { frames: 128, overlap: 32 };

/** The pretransform that `model.pretransform.type` names. */
export async function loadPretransform(
  checkpoint: Checkpoint,
  weights: Weights,
  options: SessionOptions & { probes?: boolean } = {},
): Promise<Pretransform> {
  const { pretransform } = checkpoint.config.model;
  if (pretransform.type === 'spectral')
    return new Spectral(pretransform.config, checkpoint.config.sample_rate, weights, prefix);
  const pieces = pretransform.chunked ? publishedPieces : undefined;
  return new Same(pretransform.config, weights, prefix, { ...options, pieces, scale: pretransform.scale });
}
