import { ops, sizes, type Value } from '@retone/graph';
import { type Attend, difference } from './attention.ts';

export interface Window {
  heads: number;
  headWidth: number;
  /** Positions of a group. */
  group: number;
  /** Groups before and behind its own that a position sees. */
  left: number;
  right: number;
}

/**
 * Attention in a band: token q sees k when `-left*group <= k - q <= right*group`. Each group of queries is multiplied
 * with its neighbouring groups of keys alone, which costs the band and not the square.
 */
export function windowAttention({ heads, headWidth, group, left, right }: Window): Attend {
  return (queries, keys, values) => {
    const [, tokens, width] = sizes(values, 3);
    const groups = tokens / group;
    const span = (left + right + 1) * group;
    // [groups, heads, length, headWidth] of x [groups, length, width]
    const perHead = (x: Value, length: number) =>
      ops.transpose(ops.reshape(x, [groups, length, heads, headWidth]), [0, 2, 1, 3]);
    const neighbours = (x: Value) => {
      const extended = ops.pad(ops.reshape(x, [groups, group, width]), 0, left, right);
      const shifted = Array.from({ length: left + right + 1 }, (_, i) => ops.slice(extended, 0, i, i + groups, groups));
      return perHead(ops.concat(shifted, 1), span);
    };
    const bias = values.graph.constant(bandBias({ groups, group, left, right }), [groups, 1, group, span]);
    const maps = queries.map((query, i) => {
      const scores = ops.matmul(perHead(query, group), ops.transpose(neighbours(keys[i]!), [0, 1, 3, 2]));
      return ops.softmax(ops.add(ops.mul(scores, 1 / Math.sqrt(headWidth)), bias)); // [groups, heads, group, span]
    });
    const attended = ops.matmul(difference(maps), neighbours(values));
    return ops.reshape(ops.transpose(attended, [0, 2, 1, 3]), [1, tokens, width]);
  };
}

/** 0 inside the band, a large negative number outside it and beyond the two ends of the sequence: [groups, group, span]. */
function bandBias({
  groups,
  group,
  left,
  right,
}: Pick<Window, 'group' | 'left' | 'right'> & { groups: number }): Float32Array {
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
