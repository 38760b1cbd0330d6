import {
  CheckpointError,
  disk,
  type Files,
  parted,
  type TensorEntry,
  type Weight,
  Weights,
  weightValues,
} from '@retone/checkpoint';
import { elementsOf } from '@retone/common';
import type { Adapter } from '../adapter.ts';
import { applied, loadedChange, noChange } from './change.ts';
import { matchLayers } from './foreign.ts';
import { type AdaptableLayer, type AdapterRules, adaptableLayer } from './layers.ts';
import { holds, infix, type OpenAdapter, openAdapter, scalingOf, selects } from './open.ts';

/** Parts that newer files have besides: training needed them, applying does not. */
const harmlessParts = ['baked_vnorm_row', 'lora_dropout_mask'];

/** Adapters were seen to rescale it so that two of them give silence; TensorRT's official scripts leave it out. */
const durationLayer = 'conditioners.seconds_total.embedder.embedding.1';

export interface AdaptersOptions {
  /** Default: even. */
  rules?: AdapterRules | undefined;
  /** Where the adapters are; default: the disk. */
  files?: Files | undefined;
}

/** Adapters to fold into weights, so that they cost nothing per step. They apply in their order, each to the result of the one before. */
export class Adapters {
  readonly #open: OpenAdapter[] = [];
  readonly #rules: AdapterRules;

  /** @throws CheckpointError when one of several files is not an adapter */
  constructor(adapters: readonly Adapter[], { rules = 'even', files = disk }: AdaptersOptions = {}) {
    this.#rules = rules;
    try {
      for (const [index, adapter] of adapters.entries()) this.#open.push(openAdapter(adapter, index, files));
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
        `the adapter ${parted(adapter.weights.file.path)[1]} does not fit ${parted(model)[1]}: ${faults.slice(0, 5).join('; ')}${more}`,
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
 * A warning about adapters that are known to interfere, or undefined.
 *
 * @throws CheckpointError when a file is not an adapter
 */
export function adapterWarning(adapters: readonly Adapter[], files: Files = disk): string | undefined {
  const used = adapters.filter(({ strength }) => strength !== 0);
  if (used.length < 2) return undefined;
  const scaling = used.filter((adapter) => changesDuration(adapter, files));
  if (scaling.length < 2) return undefined;
  return (
    `${scaling.length} adapters change ${durationLayer}, which together can give silence; ` +
    'exclude "seconds_total" to leave this layer as it is'
  );
}

function changesDuration(adapter: Adapter, files: Files): boolean {
  const open = openAdapter(adapter, 0, files);
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
  // A separate one, for its record of what was found.
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
