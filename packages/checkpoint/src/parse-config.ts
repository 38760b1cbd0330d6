import type { z } from 'zod';
import {
  type AutoencoderModelConfig,
  autoencoderModelConfig,
  type ModelConfig,
  modelConfig,
  type PeftConfig,
  peft,
  type SamplingShift,
  samplingShift,
} from './config.ts';
import { autoencoderContradiction, contradiction, textContradiction } from './contradictions.ts';
import { CheckpointError, mustBe } from './errors.ts';
import { otherModel } from './other-model.ts';
import { type TextEncoderConfig, textEncoder, type Words, words } from './text-config.ts';

/** @throws CheckpointError naming the first key at fault, what it must be, and its value. */
export function parseModelConfig(json: unknown, file = 'model_config.json'): ModelConfig {
  const other = otherModel(json);
  if (other) throw new CheckpointError('unsupported', `${file} ${other}`);
  if (isAutoencoderAlone(json)) {
    throw new CheckpointError(
      'bad-config',
      `${file} is an autoencoder without a diffusion model, so it cannot generate; use it with retone encode and retone decode`,
    );
  }
  const config = parse(modelConfig, json, file);
  const problem = contradiction(config);
  if (problem) throw new CheckpointError('bad-config', `${file}: ${problem}`);
  return config;
}

/** @throws CheckpointError as {@link parseModelConfig}. */
export function parseAutoencoderConfig(json: unknown, file = 'model_config.json'): AutoencoderModelConfig {
  const other = otherModel(json);
  if (other) throw new CheckpointError('unsupported', `${file} ${other}`);
  const { sample_rate, model } = parse(autoencoderModelConfig, json, file);
  const problem = autoencoderContradiction(model);
  if (problem) throw new CheckpointError('bad-config', `${file}: ${problem}`);
  // In pieces, as the diffusion models use the same autoencoders.
  const pretransform = { type: 'autoencoder' as const, scale: 1, chunked: true, config: model };
  return { model_type: 'autoencoder', sample_rate, pretransform };
}

/** Whether a configuration has an autoencoder where others have a diffusion model: its encoder is at the top. */
export function isAutoencoderAlone(json: unknown): boolean {
  const model = (json as { model?: unknown } | null)?.model;
  return typeof model === 'object' && model !== null && 'encoder' in model;
}

/** The shift of a noise schedule, as `sampling_distribution_shift_options` has it. */
export function parseSamplingShift(json: unknown): SamplingShift {
  return parse(samplingShift, json, 'shift');
}

/** @throws CheckpointError as {@link parseModelConfig}. */
export function parseTextConfig(json: unknown, file = 'config.json'): TextEncoderConfig {
  const encoder = json !== null && typeof json === 'object' && 'encoder' in json ? json.encoder : json;
  const config = parse(textEncoder, encoder, file);
  const problem = textContradiction(config);
  if (problem) throw new CheckpointError('bad-config', `${file}: ${problem}`);
  return config;
}

/** @throws CheckpointError as {@link parseModelConfig}. */
export function parsePeftConfig(json: unknown, file = 'adapter_config.json'): PeftConfig {
  return parse(peft, json, file);
}

/** @throws CheckpointError as {@link parseModelConfig}. */
export function parseWords(json: unknown, file = 'words.json'): Words {
  return parse(words, json, file);
}

function parse<Schema extends z.ZodType>(schema: Schema, json: unknown, file: string): z.infer<Schema> {
  const result = schema.safeParse(json);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const given = issue!.path.reduce<unknown>(
    (value, key) => (value as Record<PropertyKey, unknown> | undefined)?.[key],
    json,
  );
  throw new CheckpointError('bad-config', `${file}: ${mustBe(keyName(issue!.path), given, right(issue!))}`);
}

/** The accepted values, in words that follow "must". */
function right(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_union':
      return 'options' in issue && issue.options ? `be ${either(issue.options as unknown[])}` : 'be of another kind';
    case 'invalid_value':
      return `be ${either(issue.values)}`;
    case 'invalid_type':
      return `be ${kinds[issue.expected] ?? issue.expected}`;
    case 'too_small':
      return bound(issue, issue.inclusive === false ? 'greater than' : 'at least', issue.minimum);
    case 'too_big':
      return bound(issue, issue.inclusive === false ? 'less than' : 'at most', issue.maximum);
    case 'not_multiple_of':
      return `be a multiple of ${issue.divisor}`;
    case 'unrecognized_keys':
      return `have no key ${either(issue.keys)}`;
    default:
      return issue.message;
  }
}

const kinds: Record<string, string> = {
  never: 'absent',
  int: 'an integer',
  number: 'a number',
  string: 'a string',
  boolean: 'true or false',
  object: 'an object',
  record: 'an object',
  array: 'a list',
  tuple: 'a list',
};

function bound({ origin }: { origin: string }, limit: string, value: number | bigint): string {
  if (origin === 'array') return `have ${limit} ${value} ${value === 1 ? 'item' : 'items'}`;
  if (origin === 'string') return `have ${limit} ${value} ${value === 1 ? 'character' : 'characters'}`;
  return `be ${limit} ${value}`;
}

/** `"a", "b" or "c"`. */
function either(values: readonly unknown[]): string {
  const texts = values.map((value) => JSON.stringify(value));
  return texts.length === 1 ? texts[0]! : `${texts.slice(0, -1).join(', ')} or ${texts.at(-1)}`;
}

function keyName(path: PropertyKey[]): string {
  return (
    path
      .map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`))
      .join('')
      .replace(/^\./, '') || 'the file'
  );
}
