import { defaultChunkSize, type ResamplerConfig } from '@retone/checkpoint';
import { ops, sizes, type Value } from '@retone/graph';
import type { Scope } from '../backends/backend.ts';
import { type Attend, fullAttention, type Keep, rotaryAngles } from './attention.ts';
import { transformerLayer } from './transformer-layer.ts';
import { windowAttention } from './window-attention.ts';

// The resampling blocks of SAME (spec, section 2): a transformer over groups of given positions and learned tokens, of which
// the tokens, or the given ones, are kept.

export type Side = 'encoder' | 'decoder';

/** One resampling block: `stride` positions become one (encoder), or one becomes `stride` (decoder). */
export interface ResamplingBlock {
  config: ResamplerConfig;
  /** Level of the block: its place in the configuration's lists. */
  level: number;
  /** Channels of the result. */
  out: number;
  side: Side;
  probes?: boolean | undefined;
  /** Take the noise that the reference adds at inference as an input. */
  regularisers?: boolean | undefined;
}

/** x [positions, channels] to [positions / stride or * stride, out]. */
export function resamplingBlock(scope: Scope, x: Value, block: ResamplingBlock): Value {
  const padded = padTo(x, lengthMultiple(block));
  if (block.side === 'decoder') return mapping(scope, resampled(scope, padded, block), block);
  const mapped = mapping(scope, padded, block);
  scope.graph.probe(`${probeLabel(block)}mapping`, ops.transpose(mapped, [1, 0]));
  return resampled(scope, mapped, block);
}

/** The length of a block is a multiple of this: whole groups, or whole chunks where attention is limited to them. */
function lengthMultiple(block: ResamplingBlock): number {
  const { given } = groupOf(block);
  if (block.config.sliding_window) return given;
  const chunk = chunkSize(block.config);
  return block.side === 'encoder' ? chunk : Math.floor(chunk / strideOf(block));
}

/** Positions of a group: those given, and the learned tokens that take their place. */
function groupOf(block: ResamplingBlock): { given: number; made: number; group: number } {
  const stride = strideOf(block);
  const [given, made] = block.side === 'encoder' ? [stride, 1] : [1, stride];
  return { given, made, group: stride + 1 };
}

const strideOf = ({ config, level }: ResamplingBlock) => config.strides[level]!;
const depthOf = ({ config, level }: ResamplingBlock) => config.transformer_depths[level]!;
const chunkSize = (config: ResamplerConfig) => config.chunk_size ?? defaultChunkSize;

/** Prefix of the names of a block's probes. */
const probeLabel = ({ config, level }: ResamplingBlock) => (config.strides.length > 1 ? `level_${level}_` : '');

/** Learned tokens beside every group, the transformer over all, and of its results the tokens. x [positions, width]. */
function resampled(scope: Scope, x: Value, block: ResamplingBlock): Value {
  const [length, width] = sizes(x, 2);
  const { given, made, group } = groupOf(block);
  const groups = length / given;
  const learned = learnedTokens(scope, [groups, made, width], block);
  const both = ops.concat([ops.reshape(x, [groups, given, width]), learned], 1);
  const sequence = ops.reshape(both, [1, groups * group, width]);
  const transformer = block.config.sliding_window ? transformerInWindow : transformerInChunks;
  return ops.reshape(transformer(scope, sequence, block), [groups * made, width]);
}

/** The learned tokens, repeated for every group by adding them to zeros, or to the reference's noise. */
function learnedTokens(scope: Scope, shape: [number, number, number], block: ResamplingBlock): Value {
  const [groups, made, width] = shape;
  const base = block.regularisers
    ? scope.graph.input(`${probeLabel(block)}token_noise`, shape)
    : scope.graph.constant(new Float32Array(groups * made), [groups, made, 1]);
  return ops.add(base, scope.weight('new_tokens', [1, block.config.variable_stride ? 1 : made, width]));
}

/** Of x [batch, n, width] the tokens made: the last one of each group of an encoder, all but the first of a decoder's. */
function keepMade(x: Value, block: ResamplingBlock): Value {
  const [batch, length, width] = sizes(x, 3);
  const { made, group } = groupOf(block);
  const grouped = ops.reshape(x, [(batch * length) / group, group, width]);
  const last = ops.slice(grouped, 1, -made, Number.MAX_SAFE_INTEGER, made);
  return ops.reshape(last, [batch, (length / group) * made, width]);
}

/** The transformer over [1, tokens, width] with attention in a window of neighbouring groups; gives the tokens made. */
function transformerInWindow(scope: Scope, input: Value, block: ResamplingBlock): Value {
  const [, , width] = sizes(input, 3);
  const [left, right] = block.config.sliding_window!;
  const attend = windowAttention({ ...headsOf(block.config, width), group: groupOf(block).group, left, right });
  let x = input;
  for (let i = 0; i < depthOf(block); i++) x = layer(scope, x, block, { i, attend });
  return keepMade(x, block);
}

/**
 * The transformer over [1, tokens, width] with attention in chunks; gives the tokens made. The second half of the layers
 * sees chunks that are moved by half of their length, where the configuration says so.
 */
function transformerInChunks(scope: Scope, input: Value, block: ResamplingBlock): Value {
  const [, tokens, width] = sizes(input, 3);
  const { chunk, shift, firstShifted } = chunksOf(block);
  const { group } = groupOf(block);
  const { heads, headWidth } = headsOf(block.config, width);
  const attend = fullAttention(heads, headWidth);
  const early = makesEarly(block, shift);
  const keep = early ? (y: Value) => keepMade(y, block) : undefined;

  const chunked = (y: Value, length: number) => ops.reshape(y, [length / chunk, chunk, width]);
  const whole = (y: Value, length: number) => ops.reshape(y, [1, length, width]);
  const layers = (y: Value, from: number, to: number) => {
    for (let i = from; i < to; i++)
      y = layer(scope, y, block, { i, attend, keep: i === depthOf(block) - 1 ? keep : undefined });
    return y;
  };
  const first = layers(chunked(input, tokens), 0, firstShifted);
  if (firstShifted === depthOf(block)) return early ? first : keepMade(whole(first, tokens), block);

  const extended = tokens + 2 * shift;
  const second = layers(chunked(repeatEnds(whole(first, tokens), shift), extended), firstShifted, depthOf(block));
  if (early) return dropEnds(whole(second, extended / group), shift / group);
  return keepMade(dropEnds(whole(second, extended), shift), block);
}

/** The chunks of a block's attention, in tokens (groups with their learned ones): length, and shift of the later layers. */
function chunksOf(block: ResamplingBlock): { chunk: number; shift: number; firstShifted: number } {
  const positions = chunkSize(block.config);
  const chunk = positions + Math.floor(positions / strideOf(block));
  const shift = block.config.chunk_midpoint_shift ? Math.floor(chunk / 2) : 0;
  return { chunk, shift, firstShifted: shift ? Math.floor(depthOf(block) / 2) : depthOf(block) };
}

/** Whether an encoder's last layer is computed for one token of each group alone: chunks must be whole groups. */
function makesEarly(block: ResamplingBlock, shift: number): boolean {
  const { conformer, feat_scale } = block.config;
  const mixesElsewhere = conformer || feat_scale;
  return block.side === 'encoder' && !mixesElsewhere && !block.probes && shift % groupOf(block).group === 0;
}

function headsOf(config: ResamplerConfig, width: number): { heads: number; headWidth: number } {
  const headWidth = Math.min(config.dim_heads, width);
  return { heads: width / headWidth, headWidth };
}

/** Layer i of a block's transformer. x [batch, n, width]. */
function layer(
  scope: Scope,
  x: Value,
  block: ResamplingBlock,
  { i, attend, keep }: { i: number; attend: Attend; keep?: Keep | undefined },
): Value {
  const { config, side, level } = block;
  const [, , width] = sizes(x, 3);
  const { heads, headWidth } = headsOf(config, width);
  const at = scope.at(`transformers.${i}`);
  const sinusoidalBlocks = (side === 'decoder' && config.sinusoidal_blocks?.[level]) || 0;
  return transformerLayer(at, x, {
    norm: config.dyt ? 'dyt' : 'rms_norm',
    normEpsilon: 1e-3,
    attention: {
      heads,
      qk_norm: config.dyt ? 'dyt' : 'rms',
      qk_norm_eps: 1e-3,
      differential: config.differential,
      feat_scale: config.feat_scale,
      attend,
      angles: rotaryAngles(at.at('rope'), x, { axis: 1, channels: Math.trunc(headWidth / 2) }),
      keep,
    },
    feedForward: { mult: config.ff_mult, sinusoidal: depthOf(block) - i < sinusoidalBlocks },
    conformer: config.conformer,
    layerScale: config.layer_scale,
    probe: `${probeLabel(block)}block_${i}`,
  });
}

/** The first and the last `count` positions of x [1, n, width] once more, before and behind it. */
function repeatEnds(x: Value, count: number): Value {
  const first = ops.slice(x, 1, 0, count, count);
  const last = ops.slice(x, 1, -count, Number.MAX_SAFE_INTEGER, count);
  return ops.concat([first, x, last], 1);
}

function dropEnds(x: Value, count: number): Value {
  const [, length] = sizes(x, 3);
  return ops.slice(x, 1, count, length - count, length - 2 * count);
}

/** The weight-normalised convolution to the wanted channels, 1 or 3 positions wide; nothing when x has as many. x [n, channels]. */
function mapping(scope: Scope, x: Value, { config, out }: ResamplingBlock): Value {
  const [length, channels] = sizes(x, 2);
  if (channels === out) return x;
  const bias = config.mapping_bias ? scope.weight('mapping.bias', [out]) : undefined;
  if (!config.conv_mapping) {
    return ops.linear(x, ops.reshape(scope.normalised('mapping', [out, channels, 1]), [out, channels]), bias);
  }
  const columns = ops.reshape(ops.transpose(x, [1, 0]), [1, channels, length]);
  const kernel = scope.normalised('mapping', [out, channels, 3]);
  const mapped = ops.conv1d(columns, kernel, { padding: 1, ...(bias ? { bias } : {}) });
  return ops.transpose(ops.reshape(mapped, [out, length]), [1, 0]);
}

/** Zeros behind x [positions, channels] up to a multiple. */
function padTo(x: Value, multiple: number): Value {
  const [length] = sizes(x, 2);
  return ops.pad(x, 0, 0, Math.ceil(length / multiple) * multiple - length);
}
