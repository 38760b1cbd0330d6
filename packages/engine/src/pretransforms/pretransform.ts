import type { Tensor } from '@retone/runtime';

/** How far a coding is, and the means to stop it between its pieces. */
export interface PretransformRun {
  /** How many frames of the result are wanted, from the first on; the others may be left zero. Default: all. */
  frames?: number | undefined;
  signal?: AbortSignal | undefined;
  /** Called with the finished part, 0 to 1. */
  onProgress?: ((done: number) => void) | undefined;
}

/** The recording that latents were made from before they were changed. */
export interface EditedSource {
  /** [channels, frames * downsamplingRatio], as it was encoded. */
  audio: Tensor;
  /** Its latents [latentChannels, frames]. */
  latents: Tensor;
  /** 0 to 1: how far the result may leave the recording. */
  noiseLevel: number;
}

/** Between audio and the latents that the diffusion transformer works on. */
export interface Pretransform {
  /** Channels of the latents. */
  readonly latentChannels: number;
  /** Audio samples per latent frame. */
  readonly downsamplingRatio: number;
  /** Latent lengths must be a multiple of this many frames. */
  readonly alignment: number;
  /** Frames that are coded together: audio of fewer comes out as this many latents. Absent: 1. */
  readonly framesPerChunk?: number | undefined;
  /** Loudness in LUFS that recordings are brought to before they are encoded, and brought back from; absent: left as they are. */
  readonly loudness?: number | undefined;
  /** audio [channels, samples] in -1..1 at the model's sample rate to latents [latentChannels, frames]. */
  encode(audio: Tensor, run?: PretransformRun): Promise<Tensor>;
  /** latents [latentChannels, frames] to audio [channels, frames * downsamplingRatio]; not clamped. */
  decode(latents: Tensor, run?: PretransformRun): Promise<Tensor>;
  /** As `decode`, for a pretransform that can take what did not change from the recording itself. */
  decodeEdited?(latents: Tensor, source: EditedSource, run?: PretransformRun): Promise<Tensor>;
  /** Loads now what is needed for most lengths. */
  prepare?(): Promise<void>;
  release(): Promise<void>;
}
