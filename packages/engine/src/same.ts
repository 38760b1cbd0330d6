import { type AutoencoderConfig, defaultChunkSize, type ResamplerConfig, type Weights } from '@retone/checkpoint';
import { Graph, ops, type Value } from '@retone/graph';
import type { Tensor } from '@retone/runtime';
import { type Backend, exactBackend, type Running } from './backend.ts';
import { type Attend, fullAttention, type Keep, linear, rotaryAngles, transformerLayer } from './layers.ts';
import { codeInParts, type PieceSize, type SegmentSize } from './pieces.ts';
import type { Pretransform, PretransformRun } from './pretransform.ts';
import { Scope } from './scope.ts';

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

/** What lengths are rounded to where a configuration gives no chunk size, with any attention. */
const alignmentChunk = 32;

/** Sessions are made for a length of sequence. A few are kept: whole pieces, and the lengths of recent short clips. */
const keptSessions = 4;

/** SAME, the autoencoder of Stable Audio 3 (spec, section 2). Its graphs have fixed lengths, made as they are needed. */
export class Same implements Pretransform {
  readonly latentChannels: number;
  readonly downsamplingRatio: number;
  readonly alignment: number;
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
    // Building the smallest graphs tells at once whether every weight is there.
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
    return session.run({ audio: padded(audio, patches * patch), scale: this.#scale(), ...noise });
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

type Side = 'encoder' | 'decoder';
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
  const scope = new Scope(graph, weights, prefix, options.backend);
  const { channels, patch_size: patch } = config.pretransform.config;
  const audio = graph.input('audio', [channels, patches * patch]);
  // Sample l*patch + h of channel c goes to row c*patch + h of column l; sequences here are [columns, rows].
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
  const scope = new Scope(graph, weights, prefix, options.backend);
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

/** One resampling block: `stride` positions become one (encoder), or one becomes `stride` (decoder). x [positions, channels]. */
function resamplingBlock(
  scope: Scope,
  input: Value,
  config: ResamplerConfig,
  index: number,
  out: number,
  direction: Side,
  options: GraphOptions,
): Value {
  const { graph } = scope;
  const stride = config.strides[index]!;
  const encoding = direction === 'encoder';
  const [given, made] = encoding ? [stride, 1] : [1, stride];
  const group = stride + 1;
  const chunk = config.chunk_size ?? defaultChunkSize;
  const multiple = config.sliding_window ? given : encoding ? chunk : Math.floor(chunk / stride);
  const label = levelLabel(config, index);

  let x = padTo(input, multiple);
  if (encoding) {
    x = mapping(scope, x, out, config);
    graph.probe(`${label}mapping`, ops.transpose(x, [1, 0]));
  }
  const width = x.shape[1] as number;
  const groups = (x.shape[0] as number) / given;
  // Adding zeros (or the reference's noise) repeats the learned tokens for every group.
  const shape = [groups, made, width];
  const base = options.regularisers
    ? graph.input(`${label}token_noise`, shape)
    : graph.constant(new Float32Array(groups * made), [groups, made, 1]);
  const learned = ops.add(base, scope.weight('new_tokens', [1, config.variable_stride ? 1 : made, width]));
  x = ops.concat([ops.reshape(x, [groups, given, width]), learned], 1);
  const tokens = ops.reshape(x, [1, groups * group, width]);
  x = ops.reshape(transformer(scope, tokens, config, index, direction, options), [groups * made, width]);
  return encoding ? x : mapping(scope, x, out, config);
}

/** What the names of a level's probes begin with. */
function levelLabel(config: ResamplerConfig, index: number): string {
  return config.strides.length > 1 ? `level_${index}_` : '';
}

/**
 * The block's transformer over [1, tokens, width], with its attention limited to chunks or to a window. What it gives back
 * is the tokens made: the last one of each group of an encoder, all but the first of a decoder's [1, groups * made, width].
 */
function transformer(
  scope: Scope,
  input: Value,
  config: ResamplerConfig,
  index: number,
  direction: Side,
  options: GraphOptions,
): Value {
  const [, tokens, width] = input.shape as [number, number, number];
  const stride = config.strides[index]!;
  const depth = config.transformer_depths[index]!;
  const headWidth = Math.min(config.dim_heads, width);
  const heads = width / headWidth;
  const sinusoidalBlocks = (direction === 'decoder' && config.sinusoidal_blocks?.[index]) || 0;
  const label = levelLabel(config, index);
  const group = stride + 1;
  const made = direction === 'encoder' ? 1 : stride;
  const lastOfGroups = (y: Value): Value => {
    const [n, length] = y.shape as [number, number];
    const grouped = ops.reshape(y, [(n * length) / group, group, width]);
    return ops.reshape(ops.slice(grouped, 1, -made, Number.MAX_SAFE_INTEGER, made), [
      n,
      (length / group) * made,
      width,
    ]);
  };
  const layer = (x: Value, i: number, attend: Attend, keep?: Keep): Value => {
    const at = scope.at(`transformers.${i}`);
    return transformerLayer(at, x, {
      norm: config.dyt ? 'dyt' : 'rms_norm',
      normEpsilon: 1e-3,
      attention: {
        heads,
        qk_norm: config.dyt ? 'dyt' : 'rms',
        qk_norm_eps: 1e-3,
        differential: config.differential,
        feat_scale: config.feat_scale,
      },
      attend,
      angles: rotaryAngles(at.at('rope'), x, 1, Math.trunc(headWidth / 2)),
      feedForward: { mult: config.ff_mult, sinusoidal: depth - i < sinusoidalBlocks },
      conformer: config.conformer,
      layerScale: config.layer_scale,
      keep,
      probe: `${label}block_${i}`,
    });
  };

  let x = input;
  if (config.sliding_window) {
    const [left, right] = config.sliding_window;
    const attend = windowAttention(heads, headWidth, group, left, right);
    for (let i = 0; i < depth; i++) x = layer(x, i, attend);
    return lastOfGroups(x);
  }
  const positions = config.chunk_size ?? defaultChunkSize;
  const chunk = positions + Math.floor(positions / stride);
  const shift = config.chunk_midpoint_shift ? Math.floor(chunk / 2) : 0;
  const firstShifted = shift ? Math.floor(depth / 2) : depth;
  const inChunks = (y: Value, length: number) => ops.reshape(y, [length / chunk, chunk, width]);
  const attend = fullAttention(heads, headWidth);
  // Where chunks are whole groups, an encoder's last layer is computed for one token of each group alone.
  const positionsMixElsewhere = config.conformer || config.feat_scale;
  const early = direction === 'encoder' && !positionsMixElsewhere && !options.probes && shift % group === 0;
  const lastLayer = (y: Value) => (early ? layer(y, depth - 1, attend, lastOfGroups) : layer(y, depth - 1, attend));

  x = inChunks(x, tokens);
  for (let i = 0; i < Math.min(firstShifted, depth - 1); i++) x = layer(x, i, attend);
  if (firstShifted === depth) {
    x = lastLayer(x);
    return early ? x : lastOfGroups(ops.reshape(x, [1, tokens, width]));
  }
  // The second half of the layers sees chunks moved by half a chunk; the ends are repeated to fill theirs.
  x = ops.reshape(x, [1, tokens, width]);
  const first = ops.slice(x, 1, 0, shift, shift);
  const last = ops.slice(x, 1, -shift, Number.MAX_SAFE_INTEGER, shift);
  const extended = tokens + 2 * shift;
  x = inChunks(ops.concat([first, x, last], 1), extended);
  for (let i = firstShifted; i < depth - 1; i++) x = layer(x, i, attend);
  x = lastLayer(x);
  const without = (y: Value, length: number, cut: number) =>
    ops.slice(ops.reshape(y, [1, length, width]), 1, cut, length - cut, length - 2 * cut);
  return early ? without(x, extended / group, shift / group) : lastOfGroups(without(x, extended, shift));
}

/**
 * Attention in a band: token q sees k when `-left*group <= k - q <= right*group`. Each group of queries is multiplied
 * with its neighbouring groups of keys alone, which costs the band and not the square.
 */
function windowAttention(heads: number, headWidth: number, group: number, left: number, right: number): Attend {
  return (queries, keys, values) => {
    const { graph } = values;
    const [, tokens, width] = values.shape as [number, number, number];
    const groups = tokens / group;
    const span = (left + right + 1) * group;
    const neighbours = (x: Value) => {
      const extended = ops.pad(ops.reshape(x, [groups, group, width]), 0, left, right);
      const shifted = Array.from({ length: left + right + 1 }, (_, i) => ops.slice(extended, 0, i, i + groups, groups));
      return ops.transpose(ops.reshape(ops.concat(shifted, 1), [groups, span, heads, headWidth]), [0, 2, 1, 3]);
    };
    const bias = graph.constant(bandBias(groups, group, left, right), [groups, 1, group, span]);
    const maps = queries.map((query, i) => {
      const q = ops.transpose(ops.reshape(query, [groups, group, heads, headWidth]), [0, 2, 1, 3]);
      const scores = ops.mul(
        ops.matmul(q, ops.transpose(neighbours(keys[i]!), [0, 1, 3, 2])),
        1 / Math.sqrt(headWidth),
      );
      return ops.softmax(ops.add(scores, bias));
    });
    const map = maps.length === 2 ? ops.sub(maps[0]!, maps[1]!) : maps[0]!;
    return ops.reshape(ops.transpose(ops.matmul(map, neighbours(values)), [0, 2, 1, 3]), [1, tokens, width]);
  };
}

/** 0 inside the band, a large negative number outside it and beyond the two ends of the sequence. */
function bandBias(groups: number, group: number, left: number, right: number): Float32Array {
  const span = (left + right + 1) * group;
  const bias = new Float32Array(groups * group * span).fill(-1e30);
  for (let q = 0; q < groups * group; q++) {
    const firstKey = (Math.floor(q / group) - left) * group;
    const from = Math.max(q - left * group, 0) - firstKey;
    const to = Math.min(q + right * group, groups * group - 1) - firstKey;
    bias.fill(0, q * span + from, q * span + to + 1);
  }
  return bias;
}

/** The weight-normalised convolution between channels and width, 1 or 3 positions wide; nothing when they are equal. */
function mapping(scope: Scope, x: Value, out: number, config: ResamplerConfig): Value {
  const [length, inner] = x.shape as [number, number];
  if (inner === out) return x;
  const bias = config.mapping_bias ? scope.weight('mapping.bias', [out]) : undefined;
  if (!config.conv_mapping) {
    return ops.linear(x, ops.reshape(scope.normalised('mapping', [out, inner, 1]), [out, inner]), bias);
  }
  const columns = ops.reshape(ops.transpose(x, [1, 0]), [1, inner, length]);
  const mapped = ops.conv1d(columns, scope.normalised('mapping', [out, inner, 3]), {
    padding: 1,
    ...(bias ? { bias } : {}),
  });
  return ops.transpose(ops.reshape(mapped, [out, length]), [1, 0]);
}

/** Zeros behind x [positions, channels] up to a multiple. */
function padTo(x: Value, multiple: number): Value {
  const length = x.shape[0] as number;
  return ops.pad(x, 0, 0, Math.ceil(length / multiple) * multiple - length);
}

function padded(audio: Tensor, samples: number): Tensor {
  const [channels, length] = audio.shape as [number, number];
  if (length === samples) return audio;
  const data = new Float32Array(channels * samples);
  for (let c = 0; c < channels; c++) data.set(audio.data.subarray(c * length, (c + 1) * length), c * samples);
  return { data, shape: [channels, samples] };
}
