import { type DType, type WeightDType, weightDTypes, widenToFloat32 } from './dtype.ts';
import { CheckpointError, shown } from './errors.ts';
import type { SafetensorsFile, TensorEntry } from './safetensors.ts';

/** A weight as a network uses it: bytes in the file, values computed from them (weight norm, adapters), or not there. */
export type Weight =
  | {
      readonly kind: 'stored';
      readonly shape: readonly number[];
      readonly dtype: WeightDType;
      readonly file: SafetensorsFile;
      readonly entry: TensorEntry;
    }
  | { readonly kind: 'computed'; readonly shape: readonly number[]; readonly values: Float32Array }
  | { readonly kind: 'missing'; readonly shape: readonly number[] };

/** Which tensors of a file a network used, left alone, and looked for in vain. */
export interface WeightsReport {
  used: string[];
  unused: string[];
  missing: { name: string; shape: readonly number[] }[];
}

/** Replaces a weight after it was read, for example by folding an adapter into it. Returns undefined to leave it. */
export type WeightTransform = (name: string, weight: Weight) => Float32Array | undefined;

/**
 * The named weights of one safetensors file, with a record of what was used.
 *
 * Exporters differ by a component in the names (`model.encoder.norm.weight`, `encoder.norm.weight`), so a name that is
 * absent is also looked for with one component dropped or inserted. A missing or misshapen weight does not throw at
 * once: building a network first collects all of them, then {@link assertComplete} names them together.
 */
export class Weights {
  readonly file: SafetensorsFile;
  /** Stored names with their components. */
  readonly #components: (readonly [name: string, components: string[]])[];
  readonly #used = new Set<string>();
  readonly #missing = new Map<string, readonly number[]>();
  readonly #problems: string[] = [];
  readonly #transform: WeightTransform | undefined;

  constructor(file: SafetensorsFile, transform?: WeightTransform) {
    this.file = file;
    this.#transform = transform;
    this.#components = [...file.tensors.keys()].map((name) => [name, name.split('.')]);
  }

  has(name: string): boolean {
    return this.#find(name) !== undefined;
  }

  /** Shape of a stored tensor, or undefined when there is none of this name. Does not count as a use. */
  shapeOf(name: string): readonly number[] | undefined {
    return this.#find(name)?.shape;
  }

  /** The weight `name`, which must have this shape. Absent or misshapen: noted for the report. */
  get(name: string, shape: readonly number[]): Weight {
    const entry = this.#find(name);
    if (!entry) {
      this.#missing.set(name, shape);
      return { kind: 'missing', shape };
    }
    this.#used.add(entry.name);
    if (!sameShape(entry.shape, shape)) {
      this.#problems.push(`${entry.name} has shape [${entry.shape}], the configuration asks for [${shape}]`);
      return { kind: 'missing', shape };
    }
    if (!isWeightDType(entry.dtype)) {
      this.#problems.push(`${entry.name} has dtype ${entry.dtype}; weights may be ${weightDTypes.join(', ')}`);
      return { kind: 'missing', shape };
    }
    const stored: Weight = { kind: 'stored', shape, dtype: entry.dtype, file: this.file.fileOf(entry), entry };
    const values = this.#transform?.(name, stored);
    return values ? { kind: 'computed', shape, values } : stored;
  }

  /** Like {@link get}, for weights that a checkpoint may lack: undefined then, and nothing is noted as missing. */
  optional(name: string, shape: readonly number[]): Weight | undefined {
    return this.has(name) ? this.get(name, shape) : undefined;
  }

  /** The weight's values as float32. */
  values(name: string, shape: readonly number[]): Float32Array {
    return weightValues(this.get(name, shape));
  }

  /**
   * The weight of a layer that may have weight norm: `g * v / ||v||`, the norm over all axes but the first
   * (`torch.nn.utils.weight_norm`, under its old names `weight_g`, `weight_v` or its parametrization names).
   */
  normalised(layer: string, shape: readonly number[]): Weight {
    const forms = [
      [`${layer}.weight_g`, `${layer}.weight_v`],
      [`${layer}.parametrizations.weight.original0`, `${layer}.parametrizations.weight.original1`],
    ] as const;
    const form = forms.find(([, direction]) => this.has(direction));
    if (!form) return this.get(`${layer}.weight`, shape);
    const rows = shape[0]!;
    const gain = this.values(form[0], [rows, ...shape.slice(1).map(() => 1)]);
    const values = Float32Array.from(this.values(form[1], shape));
    if (gain.length === 0 || values.length === 0) return { kind: 'missing', shape };
    const rowLength = values.length / rows;
    for (let row = 0; row < rows; row++) {
      const direction = values.subarray(row * rowLength, (row + 1) * rowLength);
      let sumOfSquares = 0;
      for (const value of direction) sumOfSquares += value * value;
      const scale = gain[row]! / Math.sqrt(sumOfSquares);
      for (let i = 0; i < rowLength; i++) direction[i]! *= scale;
    }
    return { kind: 'computed', shape, values };
  }

  report(): WeightsReport {
    return {
      used: [...this.#used].sort(),
      unused: [...this.file.tensors.keys()].filter((name) => !this.#used.has(name)).sort(),
      missing: [...this.#missing].map(([name, shape]) => ({ name, shape })),
    };
  }

  /** @throws CheckpointError naming the weights that were asked for but are absent or have the wrong shape or dtype. */
  assertComplete(): void {
    const faults = [...[...this.#missing.keys()].map((name) => `${name} is missing`), ...this.#problems];
    if (faults.length === 0) return;
    const more = faults.length > 5 ? ` (and ${faults.length - 5} more)` : '';
    throw new CheckpointError(
      'missing-tensors',
      `${this.file.path} does not fit its configuration: ${faults.slice(0, 5).join('; ')}${more}`,
    );
  }

  #find(name: string): TensorEntry | undefined {
    const exact = this.file.tensors.get(name);
    if (exact) return exact;
    const wanted = name.split('.');
    const candidates = this.#components
      .filter(([, stored]) => hasOneMore(stored, wanted) || hasOneMore(wanted, stored))
      .map(([stored]) => stored);
    if (candidates.length > 1) {
      throw new CheckpointError(
        'bad-tensor',
        `${this.file.path} has no ${name}, and several like it: ${shown(candidates)}`,
      );
    }
    const [only] = candidates;
    return only === undefined ? undefined : this.file.tensors.get(only);
  }
}

/** The values of a weight as float32; reads the file for a stored one. Empty for a missing one. */
export function weightValues(weight: Weight): Float32Array {
  if (weight.kind === 'missing') return new Float32Array(0);
  return weight.kind === 'computed' ? weight.values : widenToFloat32(weight.file.read(weight.entry), weight.dtype);
}

/** Rows `firstRow .. firstRow + rows` of a weight as float32, without reading the others. */
export function weightRows(weight: Weight, firstRow: number, rows: number): Float32Array {
  if (weight.kind === 'stored') return widenToFloat32(weight.file.read(weight.entry, firstRow, rows), weight.dtype);
  const values = weightValues(weight);
  const rowLength = values.length / weight.shape[0]!;
  return values.subarray(firstRow * rowLength, (firstRow + rows) * rowLength);
}

function isWeightDType(dtype: DType): dtype is WeightDType {
  return (weightDTypes as readonly DType[]).includes(dtype);
}

function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((size, axis) => size === b[axis]);
}

/** Whether the first name is the second with one component inserted. */
function hasOneMore(longer: readonly string[], shorter: readonly string[]): boolean {
  if (longer.length !== shorter.length + 1) return false;
  const at = shorter.findIndex((component, i) => component !== longer[i]);
  return at === -1 || shorter.slice(at).every((component, i) => component === longer[at + 1 + i]);
}
