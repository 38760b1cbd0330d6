import { CheckpointError, SafetensorsFile, Weights, type WeightTransform, weightValues } from '@retone/checkpoint';
import { Matrix, SVD } from 'ml-matrix';

/** Ways of adapting a weight (spec, section 8). `-xs`: the low-rank bases are singular vectors of the base weight. */
const adapterTypes = [
  'lora',
  'dora-rows',
  'dora-cols',
  'bora',
  'lora-xs',
  'dora-rows-xs',
  'dora-cols-xs',
  'bora-xs',
] as const;
type AdapterType = (typeof adapterTypes)[number];

interface AdapterConfig {
  type: AdapterType;
  rank: number;
  alpha: number;
  include: string[] | undefined;
  exclude: string[] | undefined;
}

/** An adapter file and how strongly it counts: 1 as trained, 0 off, negative and above 1 allowed. */
export interface Adapter {
  path: string;
  strength: number;
}

interface OpenAdapter {
  config: AdapterConfig;
  weights: Weights;
  strength: number;
  /** Its place among the adapters that were asked for. */
  index: number;
  /** Whether the file has values for a layer. */
  holds(layer: string): boolean;
}

/** Where the parts of an adapted weight are, inside the checkpoint's name for it less the first component. */
const partsOf = (layer: string) => `${layer}.parametrizations.weight.0`;

/**
 * A transform that folds adapters into the weights as they are loaded, so that they cost nothing per step. DiT and
 * conditioner layers can be adapted; the text encoder and the autoencoder are not.
 *
 * Adapters apply in their order, each to the result of the one before. As in the reference, an adapter at position i does
 * nothing to a layer that not all the adapters before it adapt.
 *
 * @throws CheckpointError when a file is not an adapter
 */
export function adapterTransform(adapters: readonly Adapter[]): WeightTransform {
  const open = adapters.map(openAdapter);
  return (name, weight) => {
    const layer = /^(?:model|conditioner)\.(.*)\.weight$/.exec(name)?.[1];
    if (!layer || weight.shape.length < 2) return undefined;
    const rows = weight.shape[0]!;
    const columns = weight.shape.slice(1).reduce((a, b) => a * b, 1);
    let adapted: Float64Array<ArrayBuffer> | undefined;
    let base: Float32Array | undefined;
    // The reference stacks adapters per layer, and looks for the i-th file at the i-th place.
    const stacked = open.filter((adapter) => selects(adapter, layer));
    for (const [place, adapter] of stacked.entries()) {
      if (place !== adapter.index || !adapter.holds(layer)) continue;
      base ??= weightValues(weight);
      adapted = adapt(adapter, partsOf(layer), adapted ?? Float64Array.from(base), base, rows, columns);
    }
    return adapted && Float32Array.from(adapted);
  };
}

function openAdapter({ path, strength }: Adapter, index: number): OpenAdapter {
  const file = SafetensorsFile.open(path);
  const weights = new Weights(file);
  const holds = (layer: string) => weights.has(`${partsOf(layer)}.lora_A`) || weights.has(`${partsOf(layer)}.M_xs`);
  return { config: parseAdapterConfig(file), weights, strength, index, holds };
}

function parseAdapterConfig(file: SafetensorsFile): AdapterConfig {
  const fail = (what: string): never => {
    throw new CheckpointError('bad-config', `${file.path} is not an adapter that Retone knows: ${what}`);
  };
  const text = file.metadata.lora_config;
  if (text === undefined) return fail('its header has no lora_config');
  let json: Record<string, unknown>;
  try {
    json = JSON.parse(text);
  } catch {
    return fail('its lora_config is not valid JSON');
  }
  // "dora" is the name that files had before there were two kinds.
  const named = json.adapter_type === 'dora' ? 'dora-rows' : (json.adapter_type ?? 'lora');
  const type =
    adapterTypes.find((known) => known === named) ??
    fail(`adapter_type ${JSON.stringify(named)}; known are ${adapterTypes.join(', ')}`);
  const rank = Number(json.rank);
  const alpha = Number(json.alpha ?? rank);
  if (!Number.isInteger(rank) || rank < 1 || !Number.isFinite(alpha))
    return fail(`rank ${json.rank}, alpha ${json.alpha}`);
  const patterns = (key: string) => (json[key] as string[] | null | undefined)?.flatMap(expandRanges);
  return { type, rank, alpha, include: patterns('include'), exclude: patterns('exclude') };
}

/** "layers.[0-2]" stands for "layers.0", "layers.1", "layers.2". */
function expandRanges(pattern: string): string[] {
  const range = /^(.*?)\[(\d+)-(\d+)\](.*)$/s.exec(pattern.trim());
  if (!range) return [pattern.trim()];
  const [, before, first, last, after] = range as unknown as [string, string, string, string, string];
  const step = Number(last) >= Number(first) ? 1 : -1;
  const count = Math.abs(Number(last) - Number(first)) + 1;
  const numbers = Array.from({ length: count }, (_, i) => Number(first) + i * step);
  return numbers.flatMap((number) => expandRanges(`${before}${number}${after}`));
}

/** Whether an adapter's filters select a layer; exclusion wins. */
function selects({ config }: OpenAdapter, layer: string): boolean {
  const matches = (patterns: string[]) => patterns.some((pattern) => layer.includes(pattern));
  return (!config.include || matches(config.include)) && !(config.exclude && matches(config.exclude));
}

/** One adapter applied to a weight [rows, columns]; `base` is the weight before any adapter. */
function adapt(
  adapter: OpenAdapter,
  parts: string,
  weight: Float64Array<ArrayBuffer>,
  base: Float32Array,
  rows: number,
  columns: number,
): Float64Array<ArrayBuffer> {
  const { config, weights, strength } = adapter;
  const { type, rank } = config;
  const xs = type.endsWith('-xs');
  const kind = type.replace('-xs', '');
  if (strength === 0 && kind !== 'lora') return weight;

  const delta = xs
    ? xsDelta(base, rows, columns, rank, weights.values(`${parts}.M_xs`, [rank, rank]))
    : new Matrix([...chunks(weights.values(`${parts}.lora_B`, [rows, rank]), rank)]).mmul(
        new Matrix([...chunks(weights.values(`${parts}.lora_A`, [rank, columns]), columns)]),
      );
  const scale = (config.alpha / rank) * strength;
  let adapted = weight.map((value, i) => value + scale * delta.get(Math.floor(i / columns), i % columns));
  const magnitude = (name: string, length: number) => weights.values(`${parts}.${name}`, [length]);
  if (kind === 'dora-rows') adapted = withRowNorms(adapted, columns, magnitude('magnitude', rows));
  if (kind === 'dora-cols') adapted = withColumnNorms(adapted, columns, magnitude('magnitude', columns));
  if (kind === 'bora') {
    adapted = withRowNorms(adapted, columns, magnitude('magnitude_r', rows));
    adapted = withColumnNorms(adapted, columns, magnitude('magnitude_c', columns));
  }
  weights.assertComplete();
  return adapted;
}

/** U M V^T with the leading singular vectors of the base weight; in each column of U the largest entry is positive. */
function xsDelta(base: Float32Array, rows: number, columns: number, rank: number, core: Float32Array): Matrix {
  const svd = new SVD(new Matrix([...chunks(base, columns)]), { autoTranspose: true });
  const left = svd.leftSingularVectors.subMatrix(0, rows - 1, 0, rank - 1);
  const right = svd.rightSingularVectors.subMatrix(0, columns - 1, 0, rank - 1);
  for (let j = 0; j < rank; j++) {
    const column = left.getColumn(j);
    const largest = column.reduce((best, value) => (Math.abs(value) > Math.abs(best) ? value : best), 0);
    if (largest >= 0) continue;
    left.mulColumn(j, -1);
    right.mulColumn(j, -1);
  }
  return left.mmul(new Matrix([...chunks(core, rank)])).mmul(right.transpose());
}

function withRowNorms(
  weight: Float64Array<ArrayBuffer>,
  columns: number,
  norms: Float32Array,
): Float64Array<ArrayBuffer> {
  const squares = new Float64Array(norms.length);
  weight.forEach((value, i) => {
    squares[Math.floor(i / columns)]! += value ** 2;
  });
  return weight.map((value, i) => {
    const row = Math.floor(i / columns);
    return (value / (Math.sqrt(squares[row]!) + 1e-12)) * norms[row]!;
  });
}

function withColumnNorms(
  weight: Float64Array<ArrayBuffer>,
  columns: number,
  norms: Float32Array,
): Float64Array<ArrayBuffer> {
  const squares = new Float64Array(columns);
  weight.forEach((value, i) => {
    squares[i % columns]! += value ** 2;
  });
  return weight.map((value, i) => (value / (Math.sqrt(squares[i % columns]!) + 1e-12)) * norms[i % columns]!);
}

function* chunks(values: Float32Array, size: number): Generator<number[]> {
  for (let i = 0; i < values.length; i += size) yield [...values.subarray(i, i + size)];
}
