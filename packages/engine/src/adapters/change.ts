import { CheckpointError } from '@retone/checkpoint';
import { Matrix } from 'ml-matrix';
import type { AdapterRules } from './layers.ts';
import { infix, type OpenAdapter, scalingOf } from './open.ts';
import { leadingSingularVectors } from './singular-vectors.ts';

/** The change of a weight by an adapter [rows, columns]. */
interface Change {
  /** The low-rank term before it is scaled; absent: zeros. */
  delta?: Matrix;
  /** Norms of the result, where the adapter's type sets them. */
  rowNorms: () => ArrayLike<number>;
  columnNorms: () => ArrayLike<number>;
}

/** The change that the file describes; `base` is the weight before any adapter. */
export function loadedChange(
  { config, weights }: OpenAdapter,
  layer: string,
  base: Float32Array,
  rows: number,
  columns: number,
): Change {
  const { type } = config;
  const { rank } = scalingOf(config, layer);
  const values = (part: string, shape: number[]) => {
    const name = `${layer}${infix}${part}`;
    const stored = weights.shapeOf(name);
    const isMatrix = shape.length === 1 && stored?.length === 2 && stored[0]! * stored[1]! === shape[0];
    const read = weights.values(name, isMatrix ? stored : shape);
    weights.assertComplete();
    return read;
  };
  if (type.endsWith('-xs') && rank > Math.min(rows, columns)) {
    throw new CheckpointError(
      'bad-config',
      `${weights.file.path}: the rank of a ${type} adapter must be at most ${Math.min(rows, columns)} for ${layer}, which has ${rows} x ${columns} values (got ${rank})`,
    );
  }
  const both = type.startsWith('bora');
  return {
    delta: type.endsWith('-xs')
      ? weights.has(`${layer}${infix}U`) && weights.has(`${layer}${infix}V`)
        ? matrix(values('U', [rows, rank]), rank)
            .mmul(matrix(values('M_xs', [rank, rank]), rank))
            .mmul(matrix(values('V', [columns, rank]), rank).transpose())
        : xsDelta(base, rows, columns, rank, values('M_xs', [rank, rank]))
      : matrix(values('lora_B', [rows, rank]), rank).mmul(matrix(values('lora_A', [rank, columns]), columns)),
    rowNorms: () => values(both ? 'magnitude_r' : 'magnitude', [rows]),
    columnNorms: () => values(both ? 'magnitude_c' : 'magnitude', [columns]),
  };
}

/** An adapter that was not loaded for a layer: it adds nothing, and its norms are those of the base weight. */
export function noChange(base: Float32Array, rows: number, columns: number): Change {
  return { rowNorms: () => rowNorms(base, rows), columnNorms: () => columnNorms(base, columns) };
}

export function applied(
  { config, strength }: OpenAdapter,
  layer: string,
  { delta, rowNorms: ownRowNorms, columnNorms: ownColumnNorms }: Change,
  weight: Float64Array<ArrayBuffer>,
  columns: number,
  rules: AdapterRules,
  base: Float32Array,
): Float64Array<ArrayBuffer> {
  const kind = config.type.replace('-xs', '');
  const rows = weight.length / columns;
  /** Norms on the way from the base weight's to the adapter's. */
  const moved = (own: ArrayLike<number>, from: () => Float64Array) =>
    rules === 'reference' || strength === 1 ? own : from().map((norm, i) => norm + strength * (own[i]! - norm));
  if (strength === 0 && kind !== 'lora') return weight;
  const { rank, alpha } = scalingOf(config, layer);
  const scale = (alpha / rank) * strength;
  let result = delta
    ? weight.map((value, i) => value + scale * delta.get(Math.floor(i / columns), i % columns))
    : weight;
  if (kind === 'dora-rows' || kind === 'bora')
    result = withRowNorms(
      result,
      columns,
      moved(ownRowNorms(), () => rowNorms(base, rows)),
    );
  if (kind === 'dora-cols' || kind === 'bora')
    result = withColumnNorms(
      result,
      columns,
      moved(ownColumnNorms(), () => columnNorms(base, columns)),
    );
  return result;
}

/** U M V^T with the leading singular vectors of the base weight; in each column of U the largest entry is positive. */
function xsDelta(base: Float32Array, rows: number, columns: number, rank: number, core: Float32Array): Matrix {
  const { left, right } = leadingSingularVectors(base, rows, columns, rank);
  const signs = left.map((vector) => {
    const largest = vector.reduce((best, value) => (Math.abs(value) > Math.abs(best) ? value : best), 0);
    return largest < 0 ? -1 : 1;
  });
  const signed = core.map((value, place) => value * signs[Math.floor(place / rank)]! * signs[place % rank]!);
  const weighted = matrix(signed, rank).mmul(new Matrix(right));
  return new Matrix(left).transpose().mmul(weighted);
}

function withRowNorms(
  weight: Float64Array<ArrayBuffer>,
  columns: number,
  norms: ArrayLike<number>,
): Float64Array<ArrayBuffer> {
  const present = rowNorms(weight, norms.length);
  return weight.map((value, i) => {
    const row = Math.floor(i / columns);
    return (value / (present[row]! + 1e-12)) * norms[row]!;
  });
}

function withColumnNorms(
  weight: Float64Array<ArrayBuffer>,
  columns: number,
  norms: ArrayLike<number>,
): Float64Array<ArrayBuffer> {
  const present = columnNorms(weight, columns);
  return weight.map((value, i) => (value / (present[i % columns]! + 1e-12)) * norms[i % columns]!);
}

function rowNorms(weight: Float32Array | Float64Array, rows: number): Float64Array {
  const columns = weight.length / rows;
  const squares = new Float64Array(rows);
  for (let i = 0; i < weight.length; i++) squares[Math.floor(i / columns)]! += weight[i]! ** 2;
  return squares.map(Math.sqrt);
}

function columnNorms(weight: Float32Array | Float64Array, columns: number): Float64Array {
  const squares = new Float64Array(columns);
  for (let i = 0; i < weight.length; i++) squares[i % columns]! += weight[i]! ** 2;
  return squares.map(Math.sqrt);
}

function matrix(values: Float32Array, columns: number): Matrix {
  return new Matrix([...chunks(values, columns)]);
}

function* chunks(values: Float32Array, size: number): Generator<number[]> {
  for (let i = 0; i < values.length; i += size) yield [...values.subarray(i, i + size)];
}
