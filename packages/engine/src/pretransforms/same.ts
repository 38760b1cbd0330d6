import { type AutoencoderConfig, defaultChunkSize, type ResamplerConfig, type Weights } from '@retone/checkpoint';
import type { Tensor } from '@retone/runtime';
import type { Backend, Running } from '../backends/backend.ts';
import { exactBackend } from '../backends/exact.ts';
import type { Side } from '../networks/resampling.ts';
import { decoderGraph, encoderGraph, type SameParts } from '../networks/same-graphs.ts';
import { fitted } from '../tensors.ts';
import { codeInParts, type PieceSize, type SegmentSize } from './pieces.ts';
import type { Pretransform, PretransformRun } from './pretransform.ts';

export interface SameOptions {
  backend?: Backend;
  /** Code long audio in overlapping pieces of this many frames; the published configurations do (128, overlap 32). */
  pieces?: PieceSize | undefined;
  /** Compute in segments; they change nothing in the result. Default: where the configuration allows it. */
  segments?: boolean;
  /** Latents are divided by this after encoding. */
  scale?: number;
  probes?: boolean;
  /**
   * Take the noise that the reference adds at inference as inputs (`token_noise`, `latent_noise`). Off by default, as in
   * the official optimised ports.
   */
  regularisers?: boolean;
}

/** Alignment of lengths if a configuration gives no chunk size, with any attention. */
const alignmentChunk = 32;

/** Sessions are made for a length of sequence. A few are kept: whole pieces, and the lengths of recent short clips. */
const keptSessions = 4;

/** SAME, the autoencoder of Stable Audio 3 (spec, section 2). Its graphs have fixed lengths, made as they are needed. */
export class Same implements Pretransform {
  readonly latentChannels: number;
  readonly downsamplingRatio: number;
  readonly alignment: number;
  readonly framesPerChunk: number;
  readonly #config: AutoencoderConfig;
  readonly #weights: Weights;
  readonly #prefix: string;
  readonly #options: SameOptions;
  readonly #backend: Backend;
  readonly #sessions = new Map<string, Running>();

  /**
   * @param prefix where the autoencoder's weights are in the checkpoint
   * @throws CheckpointError when weights are missing or have another shape than the configuration says
   */
  constructor(config: AutoencoderConfig, weights: Weights, prefix: string, options: SameOptions = {}) {
    this.#config = config;
    this.#weights = weights;
    this.#prefix = prefix;
    this.#options = options;
    this.#backend = options.backend ?? exactBackend();
    this.latentChannels = config.latent_dim;
    this.downsamplingRatio = config.downsampling_ratio;
    const { chunk_size, strides } = config.encoder.config;
    this.alignment = Math.max(1, Math.floor((chunk_size ?? alignmentChunk) / strides[0]!));
    this.framesPerChunk = config.encoder.config.sliding_window ? 1 : this.alignment;
    // Building the smallest graphs shows at once whether every weight is present.
    encoderGraph(this.#parts(this.#backend), this.alignment * this.#patchesPerFrame);
    decoderGraph(this.#parts(this.#backend), this.alignment);
    weights.assertComplete();
  }

  async prepare(): Promise<void> {
    for (const [side, graph] of [
      ['encoder', encoderGraph],
      ['decoder', decoderGraph],
    ] as const) {
      const segment = this.#segmentLength(side);
      if (segment) await this.#session(side, segment, graph);
    }
  }

  async encode(audio: Tensor, run: PretransformRun = {}): Promise<Tensor> {
    return codeInParts(audio, {
      unitIn: this.downsamplingRatio,
      unitOut: 1,
      pieces: this.#options.pieces,
      segments: this.#segments('encoder'),
      run,
      code: (part) => this.encodePiece(part),
    });
  }

  async decode(latents: Tensor, run: PretransformRun = {}): Promise<Tensor> {
    return codeInParts(latents, {
      unitIn: 1,
      unitOut: this.downsamplingRatio,
      pieces: this.#options.pieces,
      segments: this.#segments('decoder'),
      run,
      code: (part) => this.decodePiece(part),
    });
  }

  /** Encodes audio [channels, samples] whole. The result may have a frame more, where chunks of several frames pad it. */
  async encodePiece(audio: Tensor): Promise<Tensor> {
    return (await this.probeEncode(audio)).latents!;
  }

  /** Decodes latents [channels, frames] whole. */
  async decodePiece(latents: Tensor): Promise<Tensor> {
    return (await this.probeDecode(latents)).audio!;
  }

  /** {@link encodePiece} with the probed inner values. */
  async probeEncode(audio: Tensor, noise: Record<string, Tensor> = {}): Promise<Record<string, Tensor>> {
    const patch = this.#config.pretransform.config.patch_size;
    const patches = Math.ceil(audio.shape[1]! / patch);
    const session = await this.#session('encoder', patches, encoderGraph);
    return session.run({ audio: fitted(audio, audio.shape[0]!, patches * patch), scale: this.#scale(), ...noise });
  }

  /** {@link decodePiece} with the probed inner values. */
  async probeDecode(latents: Tensor, noise: Record<string, Tensor> = {}): Promise<Record<string, Tensor>> {
    const frames = latents.shape[1]!;
    const session = await this.#session('decoder', frames, decoderGraph);
    return session.run({ latents, scale: this.#scale(), ...noise });
  }

  async release(): Promise<void> {
    for (const session of this.#sessions.values()) await session.release();
    this.#sessions.clear();
  }

  get #patchesPerFrame(): number {
    return this.downsamplingRatio / this.#config.pretransform.config.patch_size;
  }

  #parts(backend: Backend): SameParts {
    const { probes = false, regularisers = false } = this.#options;
    return { config: this.#config, weights: this.#weights, prefix: this.#prefix, backend, probes, regularisers };
  }

  #scale(): Tensor {
    return { data: Float32Array.of(this.#options.scale ?? 1), shape: [1] };
  }

  #segments(side: Side): SegmentSize | undefined {
    return this.#options.segments === false ? undefined : segmentSize(this.#config[side].config, side);
  }

  /** Length of a segment, in what the graphs are made for: patches or frames. */
  #segmentLength(side: Side): number | undefined {
    const segments = this.#segments(side);
    return segments && segments.frames * (side === 'encoder' ? this.#patchesPerFrame : 1);
  }

  /** A session for a length of sequence in patches or frames. Those of segments are worth compiling. */
  async #session(side: Side, length: number, graph: typeof encoderGraph): Promise<Running> {
    const key = `${side} ${length}`;
    let session = this.#sessions.get(key);
    this.#sessions.delete(key);
    if (!session) {
      const segmented = length === this.#segmentLength(side);
      const { uncompiled = this.#backend } = this.#backend;
      const backend = segmented ? this.#backend : uncompiled;
      const name: string = `same-${side}`;
      const build = () => graph(this.#parts(backend), length);
      session = (await backend.open(this.#weights, { [name]: build }, segmented ? [name] : []))[name]!;
    }
    this.#sessions.set(key, session);
    if (this.#sessions.size > keptSessions) {
      const [oldest, old] = this.#sessions.entries().next().value!;
      this.#sessions.delete(oldest);
      await old.release();
    }
    return session;
  }
}

/** Frames of a segment with chunked attention: the time per frame is lowest around here. */
const chunkedSegment = 48;

/**
 * The segments that give the same as the whole does. In a halo is all that reaches a frame from its neighbours: through the
 * chunks that are moved by half of their length, or one window a layer; and through a 3-wide convolution. Where lengths
 * are padded between several levels, there are none.
 */
function segmentSize(config: ResamplerConfig, side: Side): SegmentSize | undefined {
  if (config.strides.length > 1) return undefined;
  const stride = config.strides[0]!;
  if (config.sliding_window) {
    // A mean over the whole piece, or a convolution in every layer, reaches further than the windows.
    if (config.feat_scale || config.conformer) return undefined;
    const halo = config.transformer_depths[0]! * Math.max(...config.sliding_window) + 1;
    return { frames: Math.max(chunkedSegment, 8 * halo), halo, multiple: 1 };
  }
  const multiple = Math.floor((config.chunk_size ?? defaultChunkSize) / stride);
  if (multiple * stride !== (config.chunk_size ?? defaultChunkSize)) return undefined;
  // An encoder's convolution comes before the chunks and so reaches one further; a decoder's, behind them, does not.
  const halo = multiple * (side === 'encoder' && config.conv_mapping ? 2 : 1);
  return { frames: Math.ceil(chunkedSegment / multiple) * multiple, halo, multiple };
}
