import { defaultChunkSize, type ResamplerConfig } from '@retone/checkpoint';
import { ops, type Value } from '@retone/graph';
import type { Scope } from '../backends/backend.ts';
import { type Attend, fullAttention, type Keep, rotaryAngles, transformerLayer } from './layers.ts';

// The resampling blocks of SAME (spec, section 2): a transformer over groups of given positions and learned tokens, of which
// the tokens, or the given ones, are kept.

export type Side = 'encoder' | 'decoder';

export interface ResamplingOptions {
  probes?: boolean | undefined;
  /** Take the noise that the reference adds at inference as an input. */
  regularisers?: boolean | undefined;
}

/** One resampling block: `stride` positions become one (encoder), or one becomes `stride` (decoder). x [positions, channels]. */
export function resamplingBlock(
  scope: Scope,
  input: Value,
  config: ResamplerConfig,
  index: number,
  out: number,
  direction: Side,
  options: ResamplingOptions,
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

/** Prefix of the names of a level's probes. */
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
  options: ResamplingOptions,
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
