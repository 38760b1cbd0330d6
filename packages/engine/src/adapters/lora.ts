import { existsSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import {
  CheckpointError,
  parsePeftConfig,
  readJson,
  SafetensorsFile,
  type TensorEntry,
  type Weight,
  Weights,
  weightValues,
} from '@retone/checkpoint';
import { elementsOf } from '@retone/common';
import { Matrix } from 'ml-matrix';
import type { LevelRange } from '../sampling/level-range.ts';
import { type ForeignAdapter, foreignAdapter, matchLayers } from './foreign.ts';
import { leadingSingularVectors } from './singular-vectors.ts';

/**
 * How adapters act where the reference's PyTorch code and its other runtimes differ. `even` (the default): every adapter is
 * applied to each layer that it has values for, and the norms of DoRA and BoRA move from the base weight's to the adapter's
 * with the strength, so that a small strength changes little. `reference` is what the PyTorch code does: an adapter is applied
 * to a layer only if every earlier one also covers it, and any strength but 0 takes the adapter's norms.
 */
export type AdapterRules = 'even' | 'reference';

/** Parts that newer files have besides: training needed them, applying does not. */
const harmlessParts = ['baked_vnorm_row', 'lora_dropout_mask'];

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
  /** Rank and alpha of single layers, where they have ones of their own. */
  own: Map<string, { rank: number; alpha: number }>;
}

/** An adapter: a file, or a folder of PEFT's, and how strongly it counts: 1 as trained, 0 off, negative and above 1 allowed. */
export interface Adapter {
  path: string;
  strength: number;
  /** Layers whose names contain one of these are left as they are. */
  exclude?: readonly string[] | undefined;
  /**
   * Noise levels, 1 (the first step) to 0 (the last), at which it adapts the transformer: `from` included, `to` only where it
   * is 1. It adapts the conditioners at all of them, as in the reference. Default: all.
   */
  range?: LevelRange | undefined;
}

interface OpenAdapter {
  config: AdapterConfig;
  weights: Weights;
  /** What the file is, where another program wrote it; its tensors have their names once the model's layers are known. */
  foreign: ForeignAdapter | undefined;
  strength: number;
  /** Its place among the adapters that were asked for. */
  index: number;
}

/** Adapters were seen to rescale it so that two of them give silence; TensorRT's official scripts leave it out. */
const durationLayer = 'conditioners.seconds_total.embedder.embedding.1';

/** What comes between a layer's name, which is the checkpoint's less the first component, and a part of its adapter. */
const infix = '.parametrizations.weight.0.';

/** A layer whose weight can be adapted: its name as adapters have it, and the weight's shape as rows and columns. */
export interface AdaptableLayer {
  layer: string;
  rows: number;
  columns: number;
}

/** The layer that a weight belongs to, if it can be adapted: those of the transformer and the conditioners, but the text encoder. */
export function adaptableLayer(name: string, shape: readonly number[]): AdaptableLayer | undefined {
  const layer = /^(?:model|conditioner)\.(.*)\.weight$/.exec(name)?.[1];
  if (!layer || shape.length < 2) return undefined;
  return { layer, rows: shape[0]!, columns: elementsOf(shape.slice(1)) };
}

/** Adapters to fold into weights, so that they cost nothing per step. They apply in their order, each to the result of the one before. */
export class Adapters {
  readonly #open: OpenAdapter[] = [];
  readonly #rules: AdapterRules;

  /** @throws CheckpointError when a file is not an adapter */
  constructor(adapters: readonly Pick<Adapter, 'path' | 'strength' | 'exclude'>[], rules: AdapterRules = 'even') {
    this.#rules = rules;
    try {
      for (const [index, adapter] of adapters.entries()) this.#open.push(openAdapter(adapter, index));
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Whether a layer is other than in the checkpoint. */
  adapts({ layer }: AdaptableLayer): boolean {
    return this.#stacked(layer).some((adapter, place) => this.#isLoaded(adapter, place, layer));
  }

  /** A weight with the adapters folded into it; undefined where they leave it as it is. */
  fold(name: string, weight: Weight): Float32Array | undefined {
    const adaptable = adaptableLayer(name, weight.shape);
    if (!adaptable) return undefined;
    const { layer, rows, columns } = adaptable;
    let adapted: Float64Array<ArrayBuffer> | undefined;
    let base: Float32Array | undefined;
    for (const [place, adapter] of this.#stacked(layer).entries()) {
      const loaded = this.#isLoaded(adapter, place, layer);
      // With the reference's rule, one that is not loaded still normalises.
      if (!loaded && (!adapted || this.#rules === 'even')) continue;
      base ??= weightValues(weight);
      const change = loaded ? loadedChange(adapter, layer, base, rows, columns) : noChange(base, rows, columns);
      adapted = applied(adapter, layer, change, adapted ?? Float64Array.from(base), columns, this.#rules, base);
    }
    return adapted && Float32Array.from(adapted);
  }

  /**
   * Finds the layers that the adapters mean. To be called before they are folded.
   *
   * @param model the model's folder, for the message
   * @throws CheckpointError naming the tensors of a file that have no place in a model with these layers
   */
  fit(layers: readonly AdaptableLayer[], model: string): void {
    for (const adapter of this.#open) {
      const faults = [...translate(adapter, layers), ...misfits(adapter, layers)];
      if (faults.length === 0) continue;
      const more = faults.length > 5 ? ` (and ${faults.length - 5} more)` : '';
      throw new CheckpointError(
        'missing-tensors',
        `the adapter ${basename(adapter.weights.file.path)} does not fit ${basename(model)}: ${faults.slice(0, 5).join('; ')}${more}`,
      );
    }
  }

  close(): void {
    for (const { weights } of this.#open) weights.file.close();
  }

  /** The reference looks for the i-th file at the i-th place of those that select a layer. */
  #isLoaded(adapter: OpenAdapter, place: number, layer: string): boolean {
    return holds(adapter, layer) && (this.#rules === 'even' || place === adapter.index);
  }

  #stacked(layer: string): OpenAdapter[] {
    return this.#open.filter((adapter) => selects(adapter, layer));
  }
}

/**
 * What adapters are known to do together that nobody wants, as a sentence; undefined where nothing is.
 *
 * @throws CheckpointError when a file is not an adapter
 */
export function adapterWarning(adapters: readonly Adapter[]): string | undefined {
  const scaling = adapters.filter((adapter) => adapter.strength !== 0 && changesDuration(adapter));
  if (scaling.length < 2) return undefined;
  return (
    `${scaling.length} adapters change ${durationLayer}, which together can give silence; ` +
    'exclude "seconds_total" to leave this layer as it is'
  );
}

function changesDuration(adapter: Adapter): boolean {
  const open = openAdapter(adapter, 0);
  open.weights.file.close();
  const names = open.foreign && [...matchLayers(open.foreign.layers.keys(), [durationLayer]).values()];
  return selects(open, durationLayer) && (names?.includes(durationLayer) ?? holds(open, durationLayer));
}

/**
 * Names the tensors of another program's file as Retone's own files have them.
 *
 * @returns what has no place in the model
 */
function translate(adapter: OpenAdapter, layers: readonly AdaptableLayer[]): string[] {
  const { foreign, weights, config } = adapter;
  if (!foreign) return [];
  const names = layers.map(({ layer }) => layer);
  const tensors = new Map<string, TensorEntry>();
  const faults: string[] = [];
  for (const [name, layer] of matchLayers(foreign.layers.keys(), names)) {
    const { parts, rank, alpha } = foreign.layers.get(name)!;
    if (layer === undefined) {
      faults.push(`there is no layer ${name}`);
      continue;
    }
    config.own.set(layer, { rank, alpha });
    for (const [part, entry] of parts) {
      const own = `${layer}${infix}${part}`;
      tensors.set(own, { ...entry, name: own });
    }
  }
  adapter.weights = new Weights(weights.file.renamed(tensors));
  adapter.foreign = undefined;
  return faults;
}

/** Which tensors of an adapter belong to no layer, or to one of another shape. */
function misfits(adapter: OpenAdapter, layers: readonly AdaptableLayer[]): string[] {
  const { file } = adapter.weights;
  // One of its own, for its record of what was found.
  const weights = new Weights(file);
  const faults: string[] = [];
  for (const { layer, rows, columns } of layers) {
    const { rank } = scalingOf(adapter.config, layer);
    const parts: Record<string, number[]> = {
      lora_A: [rank, columns],
      lora_B: [rows, rank],
      M_xs: [rank, rank],
      U: [rows, rank],
      V: [columns, rank],
      magnitude: [adapter.config.type.startsWith('dora-cols') ? columns : rows],
      magnitude_r: [rows],
      magnitude_c: [columns],
    };
    for (const [part, shape] of Object.entries(parts)) {
      const name = `${layer}${infix}${part}`;
      const stored = weights.shapeOf(name);
      if (!stored) continue;
      weights.get(name, stored);
      // A magnitude may be kept as a row or a column of a matrix.
      const same = shape.length === 1 ? elementsOf(stored) === shape[0] : String(stored) === String(shape);
      if (!same) faults.push(`${layer} ${part} is [${stored}], and would have to be [${shape}]`);
    }
  }
  const harmless = (name: string) => harmlessParts.some((part) => name.endsWith(`${infix}${part}`));
  const unknown = weights.report().unused.filter((name) => name.includes(infix) && !harmless(name));
  const strangers = new Set(unknown.map((name) => name.split(infix)[0]!).filter((layer) => selects(adapter, layer)));
  return [...faults, ...[...strangers].map((layer) => `there is no layer ${layer}`)];
}

/**
 * What an adapter file is.
 *
 * @throws CheckpointError when it is none
 */
export function readAdapter(path: string): { type: string; rank: number } {
  const { config, weights } = openAdapter({ path, strength: 1 }, 0);
  weights.file.close();
  return { type: config.type, rank: config.rank };
}

/** The files of an adapter: its weights and, for PEFT's, its configuration. */
export function adapterFiles(path: string): { weights: string; config?: string } {
  const isFolder = statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
  const weights = isFolder ? join(path, peftWeights) : path;
  if (isFolder && !existsSync(weights)) {
    const pickled = existsSync(join(path, 'adapter_model.bin')) ? ', and its adapter_model.bin is a pickle' : '';
    throw new CheckpointError(
      'not-found',
      `the folder ${path} is not an adapter of PEFT: it has no ${peftWeights}${pickled}`,
    );
  }
  const config = join(dirname(weights), 'adapter_config.json');
  return basename(weights) === peftWeights && existsSync(config) ? { weights, config } : { weights };
}

const peftWeights = 'adapter_model.safetensors';

function openAdapter({ path, strength, exclude = [] }: Adapter, index: number): OpenAdapter {
  if (/\.(ckpt|pt|pth|bin|pkl)$/i.test(path)) {
    throw new CheckpointError(
      'bad-config',
      `${path} is a pickle, which can run code when it is read; an adapter must be a .safetensors file`,
    );
  }
  const files = adapterFiles(path);
  const peft = files.config === undefined ? undefined : parsePeftConfig(readJson(files.config), files.config);
  const file = SafetensorsFile.open(files.weights);
  try {
    const isOwn = [...file.tensors.keys()].some((name) => name.includes(infix));
    const foreign = isOwn ? undefined : foreignAdapter(file, peft);
    const config = foreign ? foreignConfig(foreign) : parseAdapterConfig(file);
    if (exclude.length > 0)
      config.exclude = [...(config.exclude ?? []), ...exclude.flatMap((each) => [...expandRanges(each)])];
    return { config, weights: new Weights(file), foreign, strength, index };
  } catch (error) {
    file.close();
    throw error;
  }
}

function foreignConfig({ type, layers }: ForeignAdapter): AdapterConfig {
  // The largest rank is what is told of the file; each layer has its own.
  const rank = Math.max(...[...layers.values()].map((layer) => layer.rank));
  return { type, rank, alpha: rank, include: undefined, exclude: undefined, own: new Map() };
}

/** Rank and alpha of a layer. */
function scalingOf({ own, rank, alpha }: AdapterConfig, layer: string): { rank: number; alpha: number } {
  return own.get(layer) ?? { rank, alpha };
}

function parseAdapterConfig(file: SafetensorsFile): AdapterConfig {
  const fail = (what: string): never => {
    throw new CheckpointError('bad-config', `${file.path} is not an adapter that Retone knows: ${what}`);
  };
  const parts = [...file.tensors.values()].filter(({ name }) => name.includes(infix));
  if (parts.length === 0) return fail(`the names of its tensors are not those of Stable Audio 3, PEFT or kohya`);
  let json: Record<string, unknown> | null;
  try {
    json = JSON.parse(file.metadata.lora_config ?? '{}');
  } catch {
    return fail('its lora_config is not valid JSON');
  }
  if (typeof json !== 'object' || json === null) return fail('its lora_config is not an object');
  const named = json.adapter_type === 'dora' ? doraKind(parts) : (json.adapter_type ?? 'lora');
  const type =
    adapterTypes.find((known) => known === named) ??
    fail(`adapter_type ${JSON.stringify(named)}; known are ${adapterTypes.join(', ')}`);
  const rank = Number(json.rank ?? parts.find(({ name }) => /\.(lora_A|M_xs)$/.test(name))?.shape[0]);
  const alpha = Number(json.alpha ?? rank);
  if (!Number.isInteger(rank) || rank < 1 || !Number.isFinite(alpha))
    return fail(`rank ${json.rank}, alpha ${json.alpha}`);
  const patterns = (key: 'include' | 'exclude') => {
    const given = json[key] ?? undefined;
    if (given === undefined) return undefined;
    if (!Array.isArray(given) || given.some((pattern) => typeof pattern !== 'string'))
      return fail(`${key} is not a list of names`);
    const names: string[] = [];
    for (const pattern of given as string[]) {
      for (const name of expandRanges(pattern.trim())) {
        if (names.push(name) > maxPatterns) return fail(`${key} stands for more than ${maxPatterns} names`);
      }
    }
    return names;
  };
  return { type, rank, alpha, include: patterns('include'), exclude: patterns('exclude'), own: new Map() };
}

/** Most names that a list may stand for once its ranges are written out. */
const maxPatterns = 10_000;

/** "dora" is the name that files had before there were two kinds; these kept a magnitude as a row or a column of a matrix. */
function doraKind(parts: readonly TensorEntry[]): AdapterType {
  const magnitude = parts.find(({ name }) => name.endsWith('.magnitude'));
  return magnitude?.shape.length === 2 && magnitude.shape[0] === 1 ? 'dora-cols' : 'dora-rows';
}

/** "layers.[0-2]" stands for "layers.0", "layers.1", "layers.2". */
function* expandRanges(pattern: string): Generator<string> {
  const range = /^(.*?)\[(\d+)-(\d+)\](.*)$/s.exec(pattern);
  if (!range) {
    yield pattern;
    return;
  }
  const [, before, first, last, after] = range as unknown as [string, string, string, string, string];
  const [low, high] = [Number(first), Number(last)].toSorted((a, b) => a - b) as [number, number];
  for (let number = low; number <= high; number++) yield* expandRanges(`${before}${number}${after}`);
}

/** Whether an adapter's filters select a layer; exclusion wins. */
function selects({ config }: OpenAdapter, layer: string): boolean {
  const matches = (patterns: string[]) => patterns.some((pattern) => layer.includes(pattern));
  return (!config.include || matches(config.include)) && !(config.exclude && matches(config.exclude));
}

/** Whether the file has values for a layer. */
function holds({ weights }: OpenAdapter, layer: string): boolean {
  return weights.has(`${layer}${infix}lora_A`) || weights.has(`${layer}${infix}M_xs`);
}

/** What an adapter does to a weight [rows, columns]. */
interface Change {
  /** The low-rank term before it is scaled; absent: zeros. */
  delta?: Matrix;
  /** Norms of the result, where the adapter's type sets them. */
  rowNorms: () => ArrayLike<number>;
  columnNorms: () => ArrayLike<number>;
}

/** The change that the file describes; `base` is the weight before any adapter. */
function loadedChange(
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
      `${weights.file.path} has rank ${rank}; ${layer} has ${rows} x ${columns} values, and a ${type} adapter at most the smaller rank`,
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
      : new Matrix([...chunks(values('lora_B', [rows, rank]), rank)]).mmul(
          new Matrix([...chunks(values('lora_A', [rank, columns]), columns)]),
        ),
    rowNorms: () => values(both ? 'magnitude_r' : 'magnitude', [rows]),
    columnNorms: () => values(both ? 'magnitude_c' : 'magnitude', [columns]),
  };
}

/** An adapter that was not loaded for a layer: it adds nothing, and its norms are those of the base weight. */
function noChange(base: Float32Array, rows: number, columns: number): Change {
  return { rowNorms: () => rowNorms(base, rows), columnNorms: () => columnNorms(base, columns) };
}

function applied(
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
  const weighted = new Matrix([...chunks(signed, rank)]).mmul(new Matrix(right));
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
