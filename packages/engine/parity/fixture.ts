import { disk, type Files, readJson, SafetensorsFile, widenToFloat32, within } from '@retone/checkpoint';
import type { Tensor } from '@retone/runtime';

/** A tensor of a recorded case, with the tolerance of the output that it is. */
interface TensorReference {
  tensor: string;
  shape: number[];
  exact?: boolean;
  atol?: number;
  atol_per_column?: string;
}

/** One recorded case: what went in, and what the reference made of it. */
export interface Case {
  name: string;
  stage: string;
  // biome-ignore lint/suspicious/noExplicitAny: parameters differ from stage to stage, and are data from outside
  params: any;
  inputs: Record<string, TensorReference | null>;
  outputs: Record<string, TensorReference>;
}

/** A source that is computed instead of stored. */
interface Signal {
  samples: number;
  channels: number;
  k: number;
}

/** A folder of recorded cases, in the layout that the fixtures' own README describes. */
export class Fixture {
  readonly folder: string;
  readonly files: Files;
  readonly cases: readonly Case[];
  /** Whether a checkpoint belongs to the cases; schedules need none. */
  readonly hasModel: boolean;
  readonly #file: SafetensorsFile;

  /** @param files where the folder is */
  constructor(folder: string, files: Files = disk) {
    this.folder = folder;
    this.files = files;
    this.cases = (readJson(within(folder, 'cases.json'), files) as { cases: Case[] }).cases;
    this.hasModel = files.isFile(within(folder, 'model_config.json'));
    this.#file = SafetensorsFile.open(within(folder, 'cases.safetensors'), files);
  }

  /** A stored tensor; ids and masks come as numbers like everything else. */
  tensor(name: string): Tensor {
    const entry = this.#file.tensors.get(name);
    if (!entry) throw new Error(`cases.safetensors has no ${name}`);
    const bytes = this.#file.read(entry);
    const data =
      entry.dtype === 'I32'
        ? Float32Array.from(new Int32Array(bytes.buffer))
        : entry.dtype === 'U8'
          ? Float32Array.from(bytes)
          : widenToFloat32(bytes, 'F32');
    return { data, shape: entry.shape };
  }

  /** An input of a case, or undefined when it is absent or null. */
  input(each: Case, role: string): Tensor | undefined {
    const reference = each.inputs[role];
    return reference ? this.tensor(reference.tensor) : undefined;
  }

  /** An input that the case must have. */
  required(each: Case, role: string): Tensor {
    const tensor = this.input(each, role);
    if (!tensor) throw new Error(`${each.name} has no input ${role}`);
    return tensor;
  }
}

/** The fixtures' test signal [channels, samples], computed in float64 and rounded. */
export function signal({ samples, channels, k }: Signal): Tensor {
  const data = new Float32Array(channels * samples);
  const turn = (frequency: number, i: number) => (2 * Math.PI * frequency * i) / 44100;
  for (let c = 0; c < channels; c++) {
    for (let i = 0; i < samples; i++) {
      data[c * samples + i] =
        0.35 * Math.sin(turn(110 * k + 55 * c, i)) +
        0.2 * Math.sin(turn(997 + 31 * k + 17 * c, i) + 0.5 * c) +
        0.1 * Math.sin(turn(3, i)) * Math.sin(turn(5000 + 100 * c, i));
    }
  }
  return { data, shape: [channels, samples] };
}

/** How far a result is from the recorded one. */
export interface Comparison {
  maxAbs: number;
  /** The tolerance where the difference is largest in relation to it. */
  tolerance: number;
  ok: boolean;
}

/** Compares a result with a recorded output, element by element. Shapes may differ in axes of size 1 only. */
export function compare(fixture: Fixture, reference: TensorReference, result: Tensor | undefined): Comparison {
  const expected = fixture.tensor(reference.tensor);
  const squeezed = (shape: readonly number[]) => shape.filter((size) => size !== 1).join();
  if (!result || squeezed(result.shape) !== squeezed(expected.shape))
    return { maxAbs: Number.NaN, tolerance: 0, ok: false };
  const perColumn = reference.atol_per_column ? fixture.tensor(reference.atol_per_column).data : undefined;
  let [maxAbs, tolerance, worst] = [0, reference.exact ? 0 : (reference.atol ?? 0), -1];
  let ok = true;
  for (let i = 0; i < expected.data.length; i++) {
    const difference = Math.abs(result.data[i]! - expected.data[i]!);
    const allowed = perColumn ? perColumn[i % perColumn.length]! : reference.exact ? 0 : reference.atol!;
    // Written so that NaN fails.
    if (!(difference <= allowed)) ok = false;
    const relative = Number.isNaN(difference)
      ? Number.POSITIVE_INFINITY
      : allowed === 0
        ? difference
        : difference / allowed;
    if (relative > worst) [maxAbs, tolerance, worst] = [difference, allowed, relative];
  }
  return { maxAbs, tolerance, ok };
}
