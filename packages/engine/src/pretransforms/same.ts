import { type AutoencoderConfig, defaultChunkSize, type ResamplerConfig, type Weights } from '@retone/checkpoint';
import { Graph, ops, type Value } from '@retone/graph';
import type { Tensor } from '@retone/runtime';
import { type Backend, type Running, Scope } from '../backends/backend.ts';
import { exactBackend } from '../backends/exact.ts';
import { linear } from '../networks/layers.ts';
import { resamplingBlock, type Side } from '../networks/resampling.ts';
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
    encoderGraph(config, weights, prefix, this.alignment * this.#patchesPerFrame, {});
    decoderGraph(config, weights, prefix, this.alignment, {});
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
      const build = () => graph(this.#config, this.#weights, this.#prefix, length, { ...this.#options, backend });
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

type GraphOptions = Pick<SameOptions, 'probes' | 'regularisers' | 'backend'>;

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

/** audio [channels, samples] to latents [latent_dim, frames], for a fixed number of patches. */
function encoderGraph(
  config: AutoencoderConfig,
  weights: Weights,
  prefix: string,
  patches: number,
  options: GraphOptions,
): Graph {
  const graph = new Graph('same-encoder', options);
  const scope = new Scope(graph, weights, prefix, options.backend ?? exactBackend());
  const { channels, patch_size: patch } = config.pretransform.config;
  const audio = graph.input('audio', [channels, patches * patch]);
  // Sample l*patch + h of channel c becomes row c*patch + h of column l; sequences here are [columns, rows].
  let x = ops.reshape(ops.transpose(ops.reshape(audio, [channels, patches, patch]), [1, 0, 2]), [
    patches,
    channels * patch,
  ]);
  graph.probe('patches', ops.transpose(x, [1, 0]));

  const encoder = config.encoder.config;
  encoder.c_mults.forEach((multiplier, i) => {
    x = resamplingBlock(
      scope.at(`encoder.layers.${i}`),
      x,
      encoder,
      i,
      multiplier * encoder.channels,
      'encoder',
      options,
    );
  });
  x = linear(scope.at(`encoder.layers.${encoder.c_mults.length + 1}`), x, encoder.latent_dim);
  graph.probe('linear', x);

  let latents = ops.transpose(x, [1, 0]);
  if (config.bottleneck) {
    const { dim, auto_scale: autoScale } = config.bottleneck.config;
    const bottleneck = scope.at('bottleneck');
    const vector = (name: string) => ops.reshape(bottleneck.weight(name, [1, dim, 1]), [dim, 1]);
    latents = ops.add(ops.mul(latents, vector('scaling_factor')), vector('bias'));
    if (autoScale) latents = ops.div(latents, bottleneck.weight('running_std', [1]));
  }
  graph.output('latents', ops.div(latents, graph.input('scale', [1])));
  return graph;
}

/** latents [latent_dim, frames] to audio [channels, samples], for a fixed number of frames. */
function decoderGraph(
  config: AutoencoderConfig,
  weights: Weights,
  prefix: string,
  frames: number,
  options: GraphOptions,
): Graph {
  const graph = new Graph('same-decoder', options);
  const scope = new Scope(graph, weights, prefix, options.backend ?? exactBackend());
  const { channels, patch_size: patch } = config.pretransform.config;
  const decoder = config.decoder.config;
  let latents = ops.mul(graph.input('latents', [decoder.latent_dim, frames]), graph.input('scale', [1]));
  const scaled = config.bottleneck?.config.auto_scale;
  if (scaled) latents = ops.mul(latents, scope.at('bottleneck').weight('running_std', [1]));
  if (options.regularisers) {
    const deviation = scaled ? scope.at('bottleneck').weight('running_std', [1]) : standardDeviation(latents);
    latents = ops.add(latents, ops.mul(graph.input('latent_noise', latents.shape), deviation));
  }
  graph.probe('after_bottleneck', latents);

  const depth = decoder.c_mults.length;
  let x = linear(
    scope.at('decoder.layers.1'),
    ops.transpose(latents, [1, 0]),
    decoder.c_mults.at(-1)! * decoder.channels,
  );
  graph.probe('linear', x);
  for (let i = depth - 1; i >= 0; i--) {
    const out = i === 0 ? decoder.out_channels : decoder.c_mults[i - 1]! * decoder.channels;
    x = resamplingBlock(scope.at(`decoder.layers.${3 + depth - 1 - i}`), x, decoder, i, out, 'decoder', options);
  }
  const patches = x.shape[0] as number;
  let audio = ops.reshape(ops.transpose(ops.reshape(x, [patches, channels, patch]), [1, 0, 2]), [
    channels,
    patches * patch,
  ]);
  if (config.decoder.soft_clip) audio = ops.tanh(audio);
  graph.output('audio', audio);
  return graph;
}

/** The standard deviation over time of each channel (of the sample, not of the population). x [channels, frames]. */
function standardDeviation(x: Value): Value {
  const centred = ops.sub(x, ops.mean(x, 1));
  return ops.sqrt(ops.div(ops.sum(ops.mul(centred, centred), 1), (x.shape[1] as number) - 1));
}
