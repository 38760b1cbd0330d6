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
import { CheckpointError, shown } from './errors.ts';
import { otherModel } from './layouts.ts';
import { type TextEncoderConfig, textEncoder, type Words, words } from './text-config.ts';

/** @throws CheckpointError naming the first key at fault, its value, and what is accepted. */
export function parseModelConfig(json: unknown, file = 'model_config.json'): ModelConfig {
  const other = otherModel(json);
  if (other) throw new CheckpointError('unsupported', `${file} ${other}`);
  if (isAutoencoderAlone(json)) {
    throw new CheckpointError(
      'bad-config',
      `${file} is an autoencoder alone, which cannot make sound of a prompt; it is for retone encode and retone decode`,
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
  throw new CheckpointError('bad-config', `${file}: ${keyName(issue!.path)} is ${shown(given)}; ${accepted(issue!)}`);
}

function accepted(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_union' && 'discriminator' in issue && 'options' in issue && issue.options) {
    return `accepted: ${(issue.options as unknown[]).map((option) => JSON.stringify(option)).join(', ')}`;
  }
  if (issue.code === 'invalid_value')
    return `accepted: ${issue.values.map((value) => JSON.stringify(value)).join(', ')}`;
  if (issue.code === 'invalid_type') return `accepted: ${issue.expected === 'never' ? 'nothing' : issue.expected}`;
  const unit = 'origin' in issue && issue.origin === 'array' ? ' items' : '';
  if (issue.code === 'too_small')
    return `accepted: ${issue.inclusive ? 'at least' : 'more than'} ${issue.minimum}${unit}`;
  if (issue.code === 'too_big') return `accepted: ${issue.inclusive ? 'at most' : 'less than'} ${issue.maximum}${unit}`;
  return issue.message;
}

function keyName(path: PropertyKey[]): string {
  return (
    path
      .map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`))
      .join('')
      .replace(/^\./, '') || 'the file'
  );
}
