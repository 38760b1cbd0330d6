import {
  type Checkpoint,
  CheckpointError,
  type ConditionerConfig,
  type ModelConfig,
  Weights,
} from '@retone/checkpoint';
import { maxPromptCharacters } from '@retone/contract';
import type { Tensor } from '@retone/runtime';
import type { Backend } from '../backends/backend.ts';
import { exactBackend } from '../backends/exact.ts';
import { EngineError } from '../errors.ts';
import { expoFourierFeatures, type FourierFeatures, learnedPositionFeatures } from '../networks/fourier.ts';
import { TextEncoder } from '../networks/t5gemma.ts';
import { joined } from '../tensors.ts';
import { Tokenizer } from './tokenizer.ts';

/** Features of the number conditioner: fixed in the reference. */
const numberFeatures = 256;

/**
 * Refuses a text that is longer than {@link maxPromptCharacters}. Callers may ask before they load a model.
 *
 * @throws EngineError
 */
export function checkPrompt(prompt: string): void {
  if (prompt.length <= maxPromptCharacters) return;
  const message = `the prompt must have at most ${maxPromptCharacters} characters (got ${prompt.length})`;
  throw new EngineError('invalid-argument', message);
}

/** Conditions of a generation, under the ids of the configuration's conditioners. */
export type Conditioning = Record<string, string | number>;

/** Rows for cross-attention [rows, width], and which of them carry something (the others are padding). */
export interface ConditionRows {
  data: Float32Array;
  mask: boolean[];
}

interface Conditioner {
  rows(value: string | number): Promise<ConditionRows>;
  /** For texts: the rows of none, which are all padding. */
  emptyRows?(): ConditionRows;
  /** A warning about the unread end of a text, as a sentence without its subject, or undefined. */
  warning?(text: string): string | undefined;
  release(): Promise<void>;
}

/** The conditioners of a checkpoint (spec, section 4), and how their results are put together for the transformer. */
export class Conditioners {
  readonly #conditioners: Map<string, Conditioner>;
  readonly #width: number;
  readonly #defaultKeys: Readonly<Record<string, string>>;
  readonly #crossIds: readonly string[];
  readonly #globalIds: readonly string[];

  private constructor(config: ModelConfig, conditioners: Map<string, Conditioner>) {
    this.#conditioners = conditioners;
    this.#width = config.model.conditioning.cond_dim;
    this.#defaultKeys = config.model.conditioning.default_keys;
    this.#crossIds = config.model.diffusion.cross_attention_cond_ids;
    this.#globalIds = config.model.diffusion.global_cond_ids;
  }

  /** @throws CheckpointError when weights are missing, or the diffusion model names a conditioner that is not there. */
  static async load(
    checkpoint: Checkpoint,
    weights: Weights,
    backend: Backend = exactBackend(),
  ): Promise<Conditioners> {
    const { configs, cond_dim: width } = checkpoint.config.model.conditioning;
    const conditioners = new Map<string, Conditioner>();
    for (const config of configs) {
      if (config.type === 'structure') continue; // of a recording, not of a text or a number: `Structure`
      const prefix = `conditioner.conditioners.${config.id}`;
      const conditioner =
        config.type === 'number'
          ? new NumberConditioner(config.config, weights, prefix, width)
          : await PromptConditioner.load(config.config, checkpoint, weights, prefix, width, backend);
      conditioners.set(config.id, conditioner);
    }
    weights.assertComplete();
    return new Conditioners(checkpoint.config, conditioners);
  }

  /** Rows of one conditioner, for example of the prompt. */
  async rows(id: string, value: string | number): Promise<ConditionRows> {
    const conditioner = this.#conditioners.get(id);
    if (!conditioner)
      throw new EngineError(
        'invalid-argument',
        `the model has no condition "${id}"; it has ${[...this.#conditioners.keys()].join(', ')}`,
      );
    return conditioner.rows(value);
  }

  /** A warning about the unread end of a prompt, as a sentence without its subject, or undefined. */
  warning(prompt: string): string | undefined {
    return this.#conditioners.get('prompt')?.warning?.(prompt);
  }

  /** Rows of each of some conditioners; one that is not given a value takes that of its default key. */
  #each(ids: readonly string[], conditioning: Conditioning): Promise<ConditionRows[]> {
    return Promise.all(
      ids.map((id) => {
        const value = conditioning[id] ?? conditioning[this.#defaultKeys[id] ?? ''];
        if (value === undefined) throw new EngineError('invalid-argument', `the model needs a value for "${id}"`);
        return this.rows(id, value);
      }),
    );
  }

  /** Cross-attention rows [1, rows, width] of all cross-attention conditioners, one after the other, and their mask. */
  async cross(conditioning: Conditioning): Promise<{ cross: Tensor; mask: boolean[] }> {
    const parts = await this.#each(this.#crossIds, conditioning);
    const mask = parts.flatMap((part) => part.mask);
    const data = new Float32Array(mask.length * this.#width);
    let offset = 0;
    for (const part of parts) {
      data.set(part.data, offset);
      offset += part.data.length;
    }
    return { cross: { data, shape: [1, mask.length, this.#width] }, mask };
  }

  /** The cross-attention rows of a negative prompt: as of any prompt, but with zeros in place of padding. */
  async negativeCross(conditioning: Conditioning): Promise<Tensor> {
    const { cross, mask } = await this.cross(conditioning);
    return zeroPaddedRows(cross, mask);
  }

  /** The cross-attention rows without a prompt: the conditioner's padding in its place. */
  async emptyCross(conditioning: Conditioning): Promise<Tensor> {
    const parts = await Promise.all(
      this.#crossIds.map(async (id) => {
        const empty = this.#conditioners.get(id)?.emptyRows?.();
        return empty ?? (await this.#each([id], conditioning))[0]!;
      }),
    );
    const data = joined(parts.map((part) => part.data));
    return { data, shape: [1, data.length / this.#width, this.#width] };
  }

  /** The global condition [1, width]: the global conditioners' vectors side by side. */
  async global(conditioning: Conditioning): Promise<Tensor> {
    const parts = await this.#each(this.#globalIds, conditioning);
    const data = Float32Array.from(parts.flatMap((part) => [...part.data]));
    return { data, shape: [1, data.length] };
  }

  async release(): Promise<void> {
    for (const conditioner of this.#conditioners.values()) await conditioner.release();
  }
}

/** Zeros in the rows that are padding. */
export function zeroPaddedRows(rows: Tensor, mask: ArrayLike<boolean | number>): Tensor {
  const width = rows.shape.at(-1)!;
  return { data: rows.data.map((value, i) => (mask[Math.floor(i / width)] ? value : 0)), shape: rows.shape };
}

/** A number, clamped to its range and mapped to 0..1, through Fourier features and one linear layer. */
export class NumberConditioner implements Conditioner {
  readonly #range: { min: number; max: number };
  readonly #features: FourierFeatures;
  readonly #weight: Float32Array;
  readonly #bias: Float32Array;

  constructor(
    config: Extract<ConditionerConfig, { type: 'number' }>['config'],
    weights: Weights,
    prefix: string,
    width: number,
  ) {
    this.#range = { min: config.min_val, max: config.max_val };
    const embedding = `${prefix}.embedder.embedding`;
    let inner = numberFeatures;
    if (config.fourier_features_type === 'expo') {
      this.#features = expoFourierFeatures(numberFeatures);
    } else {
      this.#features = learnedPositionFeatures(weights.values(`${embedding}.0.weights`, [numberFeatures / 2]));
      inner += 1;
    }
    this.#weight = weights.values(`${embedding}.1.weight`, [width, inner]);
    this.#bias = weights.values(`${embedding}.1.bias`, [width]);
  }

  /** Fourier features of a number, as the linear layer sees them. */
  features(value: number): Float32Array {
    const { min, max } = this.#range;
    const f32 = Math.fround;
    return this.#features(f32(f32(f32(Math.min(Math.max(value, min), max)) - f32(min)) / f32(max - min)));
  }

  async rows(value: string | number): Promise<ConditionRows> {
    return { data: dense(this.features(Number(value)), this.#weight, this.#bias), mask: [true] };
  }

  async release(): Promise<void> {}
}

/** A text, through tokenizer and text encoder, padded to a fixed number of rows. */
export class PromptConditioner implements Conditioner {
  readonly tokenizer: Tokenizer;
  readonly maxLength: number;
  readonly #encoder: TextEncoder;
  readonly #padding: 'none' | 'zero' | 'learned';
  readonly #paddingRow: Float32Array;
  readonly #projection: { weight: Float32Array; bias: Float32Array } | undefined;

  private constructor(parts: {
    tokenizer: Tokenizer;
    encoder: TextEncoder;
    maxLength: number;
    padding: 'none' | 'zero' | 'learned';
    paddingRow: Float32Array;
    projection: { weight: Float32Array; bias: Float32Array } | undefined;
  }) {
    this.tokenizer = parts.tokenizer;
    this.maxLength = parts.maxLength;
    this.#encoder = parts.encoder;
    this.#padding = parts.padding;
    this.#paddingRow = parts.paddingRow;
    this.#projection = parts.projection;
  }

  static async load(
    config: Extract<ConditionerConfig, { type: 't5gemma' }>['config'],
    checkpoint: Checkpoint,
    weights: Weights,
    prefix: string,
    width: number,
    backend: Backend,
  ): Promise<PromptConditioner> {
    const text = checkpoint.text!;
    // Windows are not built, since they are far wider than a prompt is long.
    const window = text.config.sliding_window ?? config.max_length;
    if (window < config.max_length) {
      throw new CheckpointError(
        'unsupported',
        `the text encoder's sliding_window must be at least the prompt's max_length, ${config.max_length} (got ${window})`,
      );
    }
    const encoder = await TextEncoder.load(text.config, new Weights(text.file), { backend });
    const projected = config.project_out || encoder.width !== width;
    return new PromptConditioner({
      tokenizer: new Tokenizer(text.tokenizer, text.tokenizerConfig),
      encoder,
      maxLength: config.max_length,
      padding: config.padding_mode,
      paddingRow:
        config.padding_mode === 'learned'
          ? weights.values(`${prefix}.padding_embedding`, [width])
          : new Float32Array(width),
      projection: projected
        ? {
            weight: weights.values(`${prefix}.proj_out.weight`, [width, encoder.width]),
            bias: weights.values(`${prefix}.proj_out.bias`, [width]),
          }
        : undefined,
    });
  }

  /** @throws EngineError when the text is longer than {@link maxPromptCharacters}. */
  async rows(value: string | number): Promise<ConditionRows> {
    const prompt = String(value);
    checkPrompt(prompt);
    const { ids } = this.tokenizer.encode(prompt, this.maxLength);
    const mask = Array.from({ length: this.maxLength }, (_, i) => i < ids.length);
    // Rows of padding are replaced, so only the valid tokens need encoding, unless padding is left as it comes out.
    const encoded = this.#padding === 'none' ? [...ids, ...Array<number>(this.maxLength - ids.length).fill(0)] : ids;
    const width = this.#paddingRow.length;
    const data = new Float32Array(this.maxLength * width);
    for (let row = encoded.length; row < this.maxLength; row++) data.set(this.#paddingRow, row * width);
    if (encoded.length > 0) {
      const outputs = await this.#encoder.run(encoded, ids.length);
      const states = outputs.last_hidden_state!.data;
      data.set(this.#projection ? dense(states, this.#projection.weight, this.#projection.bias) : states);
    }
    return { data, mask };
  }

  emptyRows(): ConditionRows {
    const data = joined(Array.from({ length: this.maxLength }, () => this.#paddingRow));
    return { data, mask: Array(this.maxLength).fill(false) };
  }

  warning(text: string): string | undefined {
    const { ids, rest } = this.tokenizer.encode(text, this.maxLength);
    if (rest.length === 0) return undefined;
    const from = this.tokenizer.decode(rest.slice(0, 8)).trim();
    return (
      `has ${ids.length + rest.length} tokens, and the model reads the first ${ids.length}: ` +
      `what follows has no effect, from "${from}" on`
    );
  }

  async release(): Promise<void> {
    await this.#encoder.release();
  }
}

/** `x W^T + b` for each row of x; W [out, in]. For the few small layers that are not worth a graph. */
function dense(x: Float32Array, weight: Float32Array, bias: Float32Array): Float32Array {
  const out = bias.length;
  const inner = weight.length / out;
  const y = new Float32Array((x.length / inner) * out);
  for (let i = 0; i < y.length; i++) {
    const row = Math.floor(i / out) * inner;
    const column = (i % out) * inner;
    let sum = bias[i % out]!;
    for (let j = 0; j < inner; j++) sum += x[row + j]! * weight[column + j]!;
    y[i] = sum;
  }
  return y;
}
