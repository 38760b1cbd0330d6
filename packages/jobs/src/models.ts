import { audioFormats, type WritableFormat } from '@retone/audio';
import { maxPromptCharacters, type Tensor } from '@retone/engine';
import { z } from 'zod';
import type { EngineRequest } from './engine-messages.ts';

// The public models: what each takes, and what that asks of the engine. One schema per model is the validation, the
// OpenAPI document, the catalogue's request schema and the form in the playground.

const writable = audioFormats.filter((format) => format.writable).map((format) => format.name) as [
  WritableFormat,
  ...WritableFormat[],
];

/** What the checkpoint that serves a model allows, and does when a request does not say. */
export interface ModelLimits {
  maxSeconds: number;
  /** The longest that the checkpoint makes, a recording that is kept in it included. */
  totalSeconds: number;
  steps: number;
  guidanceScale: number;
}

/** The hosted service's. */
export const contractLimits: ModelLimits = { maxSeconds: 120, totalSeconds: 380, steps: 8, guidanceScale: 1 };

/** Most adapters for one task. */
const maxLoras = 4;
const strength = z.number().min(-10).max(10);
const lora = z
  .object({
    id: z.string().max(100).optional().meta({ description: 'An adapter that this account has uploaded.' }),
    path: z.string().max(2000).optional().meta({
      description: 'An http(s) URL of a .safetensors file, or the name of an adapter that is installed here.',
    }),
    strength: strength.optional().meta({ description: '1 as trained, 0 off; default 1.' }),
    scale: strength.optional().meta({ description: 'Another name for strength, from the hosted service.' }),
  })
  .refine(({ id, path }) => (id === undefined) !== (path === undefined), 'must have either id or path')
  .refine(
    ({ strength, scale }) => strength === undefined || scale === undefined || strength === scale,
    'must have either strength or scale: they mean the same',
  );
/** An adapter that a task asks for: one of its account, or one at a URL or installed here. */
export interface Lora {
  id?: string | undefined;
  path?: string | undefined;
  strength: number;
}

/** The contract's default end of a mask, in seconds. */
const defaultMaskEnd = 5;
/** The contract's most seconds to add on one side. */
const mostExtension = 380;

const parametersWith = (limits: ModelLimits) => ({
  audio: z
    .string()
    .min(1)
    .meta({
      description: 'The recording: an http(s) URL, the URL of an upload, a data URI, or base64.',
      examples: ['https://example.com/riff.wav'],
      'x-ui-component': 'audio',
    }),
  prompt: z
    .string()
    .min(1)
    .max(maxPromptCharacters)
    .meta({
      description: 'What the result should sound like.',
      examples: ['the same riff as a bowed cello in a cathedral'],
    }),
  negative_prompt: z
    .string()
    .max(maxPromptCharacters)
    .optional()
    .meta({
      description: 'What the result should not sound like; counts with a guidance scale above 1.',
      examples: ['drums, noise'],
    }),
  duration: z
    .number()
    .min(1)
    .max(limits.maxSeconds)
    .default(Math.min(30, limits.maxSeconds))
    .meta({ description: 'Length of the result in seconds.', examples: [12.5] }),
  init_noise_level: z
    .number()
    .min(0)
    .max(1)
    .default(0.9)
    .meta({
      description: 'How far the result departs from the recording: 0 gives it back as it is, 1 keeps nothing of it.',
      examples: [0.6],
    }),
  mask_start_seconds: z
    .number()
    .min(0)
    .default(0)
    .meta({ description: 'Where the part that is regenerated starts, in seconds.', examples: [2] }),
  mask_end_seconds: z
    .number()
    .min(0)
    .default(defaultMaskEnd)
    .meta({
      description: 'Where the part that is regenerated ends, in seconds; the default ends with a shorter recording.',
      examples: [4.5],
    }),
  extend_seconds_before: z
    .number()
    .min(0)
    .max(Math.min(limits.totalSeconds, mostExtension))
    .default(0)
    .meta({ description: 'Seconds to make before the recording.', examples: [0] }),
  extend_seconds_after: z
    .number()
    .min(0)
    .max(Math.min(limits.totalSeconds, mostExtension))
    .default(5)
    .meta({ description: 'Seconds to make after the recording.', examples: [8] }),
  num_inference_steps: z
    .int()
    .min(1)
    .max(100)
    .default(limits.steps)
    .meta({ description: 'Steps of the sampler: more take longer.', examples: [8] }),
  guidance_scale: z
    .number()
    .min(0)
    .max(25)
    .default(limits.guidanceScale)
    .meta({ description: 'How strictly the prompt is followed.', examples: [1] }),
  loras: z
    .array(lora)
    .max(maxLoras)
    .optional()
    .meta({
      description: 'Adapters (LoRA) for the model, which apply in their order.',
      examples: [[{ path: 'https://example.com/cello.safetensors', strength: 0.8 }]],
      'x-hidden': true,
    }),
  seed: z
    .int()
    .min(-1)
    .max(Number.MAX_SAFE_INTEGER)
    .default(-1)
    .meta({
      description: 'The same seed gives the same result; -1 takes a random one, which the result tells.',
      examples: [42],
    }),
  output_format: z
    .enum(writable)
    .default('mp3')
    .meta({ description: 'File format of the result.', examples: ['flac'] }),
});
type Parameters = ReturnType<typeof parametersWith>;
type Name = keyof Parameters;

/** Parameters that every model understands beside its own: how the answer comes. */
export const deliveryParameters = {
  enable_sync_mode: z
    .boolean()
    .default(false)
    .meta({ description: 'Answer when the task has ended.', examples: [true] }),
  enable_base64_output: z
    .boolean()
    .default(false)
    .meta({ description: 'Give outputs as data URIs instead of URLs.', examples: [true] }),
  webhook_url: z
    .url()
    .optional()
    .meta({
      description: 'Where the result is sent when the task has ended.',
      examples: ['https://example.com/hook'],
      'x-hidden': true,
    }),
};

const making = ['num_inference_steps', 'guidance_scale', 'loras', 'seed', 'output_format'] as const satisfies Name[];

/** A task's parameters, checked and with defaults filled in. Which of them a model has, its schema says. */
export type TaskInput = { [Parameter in Exclude<Name, 'loras'>]?: z.infer<Parameters[Parameter]> } & {
  loras?: Lora[] | undefined;
  prompt: string;
  output_format: WritableFormat;
};

/** A model that the service offers. */
export interface PublicModel {
  id: string;
  name: string;
  description: string;
  type: 'audio-to-audio' | 'text-to-audio';
  /** Its own parameters, in the order of a form. */
  parameters: readonly Name[];
  limits: ModelLimits;
  /** Checks its own parameters and those of the delivery; others are dropped. */
  schema: z.ZodType<TaskInput & { enable_sync_mode: boolean; enable_base64_output: boolean; webhook_url?: string }>;
  /** What a task asks of the engine; `audio` is its recording, where the model takes one. */
  request(input: TaskInput, seed: number, audio: Tensor | undefined): EngineRequest;
}

function model(
  name: string,
  title: string,
  description: string,
  own: readonly Name[],
  request: (input: Required<TaskInput>, audio: Tensor) => PipelineOf<EngineRequest>,
  refine: (schema: z.ZodObject) => z.ZodType = (schema) => schema,
): (limits: ModelLimits) => PublicModel {
  const names = [...own, ...making];
  return (limits) => ({
    id: `stability-ai/stable-audio-3/${name}`,
    name: title,
    description,
    type: own.includes('audio') ? 'audio-to-audio' : 'text-to-audio',
    parameters: names,
    schema: refine(z.object({ ...shapeOf(names, limits), ...deliveryParameters })) as PublicModel['schema'],
    limits,
    request(input, seed, audio) {
      const controls = {
        prompt: input.prompt,
        negativePrompt: input.negative_prompt,
        steps: input.num_inference_steps,
        guidanceScale: input.guidance_scale,
        seed,
      };
      return { ...request(input as Required<TaskInput>, audio!), controls } as EngineRequest;
    },
  });
}

function shapeOf(names: readonly Name[], limits: ModelLimits): z.ZodRawShape {
  const parameters = parametersWith(limits);
  return Object.fromEntries(names.map((parameter) => [parameter, parameters[parameter]]));
}

/** Has two parameters compared although others are at fault, so that a client hears of all faults at once. */
function whenNumbers(...names: Name[]) {
  return ({ value }: { value: unknown }) =>
    names.every((name) => typeof (value as Record<string, unknown> | null)?.[name] === 'number');
}

type PipelineOf<Request> = Request extends { controls: unknown } ? Omit<Request, 'controls'> : never;

/** The public models, the one that matters most first. */
const models = [
  model(
    'audio-to-audio',
    'Stable Audio 3 audio-to-audio',
    'Transforms a recording as a prompt says: another instrument, style or space, along the lines of the source.',
    ['audio', 'prompt', 'negative_prompt', 'duration', 'init_noise_level'],
    (input, audio) => ({
      pipeline: 'audio-to-audio',
      audio,
      seconds: input.duration,
      initNoiseLevel: input.init_noise_level,
    }),
  ),
  model(
    'text-to-audio',
    'Stable Audio 3 sound effects',
    'Makes sound effects and textures from a prompt.',
    ['prompt', 'negative_prompt', 'duration'],
    (input) => ({ pipeline: 'text-to-audio', seconds: input.duration }),
  ),
  model(
    'music',
    'Stable Audio 3 music',
    'Makes music from a prompt.',
    ['prompt', 'negative_prompt', 'duration'],
    (input) => ({ pipeline: 'text-to-audio', seconds: input.duration }),
  ),
  model(
    'audio-inpainting',
    'Stable Audio 3 inpainting',
    'Makes a part of a recording anew and keeps the rest as it is.',
    ['audio', 'prompt', 'negative_prompt', 'mask_start_seconds', 'mask_end_seconds'],
    (input, audio) => ({
      pipeline: 'inpaint',
      audio,
      regions: [{ start: input.mask_start_seconds, end: input.mask_end_seconds }],
    }),
    (schema) =>
      schema.refine(({ mask_start_seconds: start, mask_end_seconds: end }) => (end as number) > (start as number), {
        path: ['mask_end_seconds'],
        error: 'greater than mask_start_seconds',
        when: whenNumbers('mask_start_seconds', 'mask_end_seconds'),
      }),
  ),
  model(
    'audio-outpainting',
    'Stable Audio 3 outpainting',
    'Makes what comes before and after a recording, which itself stays.',
    ['audio', 'prompt', 'negative_prompt', 'extend_seconds_before', 'extend_seconds_after'],
    (input, audio) => ({
      pipeline: 'outpaint',
      audio,
      secondsBefore: input.extend_seconds_before,
      secondsAfter: input.extend_seconds_after,
    }),
    (schema) =>
      schema.refine(
        ({ extend_seconds_before: before, extend_seconds_after: after }) => (before as number) + (after as number) > 0,
        {
          path: ['extend_seconds_after'],
          error: 'greater than 0, unless extend_seconds_before is',
          when: whenNumbers('extend_seconds_before', 'extend_seconds_after'),
        },
      ),
  ),
];

/** The public models with the hosted service's limits. */
export const publicModels: readonly PublicModel[] = models.map((model) => model(contractLimits));

/** The public model of an id, if there is one, with the limits of the checkpoint that serves it. */
export function publicModel(id: string, limits: ModelLimits = contractLimits): PublicModel | undefined {
  return models[publicModels.findIndex((model) => model.id === id)]?.(limits);
}

/** A recording that a task's parameters do not fit; the message is in their words. */
export class ParameterError extends Error {
  readonly code = 'invalid_parameters';
}

/**
 * A task's parameters as its recording allows, whose length is known only now.
 *
 * @param seconds length of the recording
 * @param maxSeconds the longest result that the checkpoint makes
 * @throws ParameterError
 */
export function fitToRecording(input: TaskInput, seconds: number, maxSeconds: number): TaskInput {
  const recording = `the recording of ${round(seconds)} s`;
  const { mask_start_seconds: start, mask_end_seconds: end } = input;
  if (start !== undefined && end !== undefined) {
    if (start >= seconds) {
      throw new ParameterError(`mask_start_seconds must be before the end of ${recording} (got ${start})`);
    }
    // The default reaches as far as there is something.
    if (end > seconds && end !== defaultMaskEnd) {
      throw new ParameterError(`mask_end_seconds must be within ${recording} (got ${end})`);
    }
    return { ...input, mask_end_seconds: Math.min(end, seconds) };
  }
  const { extend_seconds_before: before, extend_seconds_after: after } = input;
  if (before !== undefined && after !== undefined && before + after + seconds > maxSeconds) {
    const most = Math.max(0, maxSeconds - seconds);
    throw new ParameterError(
      `extend_seconds_before and extend_seconds_after must be at most ${round(most)} together for ${recording}: ` +
        `this model makes at most ${round(maxSeconds)} s (got ${before} and ${after})`,
    );
  }
  return input;
}

function round(seconds: number): number {
  return Math.floor(seconds * 100) / 100;
}

/** One fault of a request: the parameter, what was given, and what is accepted. */
export interface ParameterFault {
  parameter: string;
  given: unknown;
  accepted: string;
}

/** Unknown parameters that a warning names; a client that sends more has no use for the rest. */
const mostNamed = 10;

/**
 * Checks the parameters of a task. A null counts as absent, as clients in languages without optional values send it;
 * unknown parameters are dropped with a warning.
 *
 * @returns the input with defaults and the warnings, or every fault at once
 */
export function checkInput(
  model: PublicModel,
  given: unknown,
): { input: z.infer<PublicModel['schema']>; warnings: string[] } | { faults: ParameterFault[] } {
  const body = withoutNulls(given);
  const result = model.schema.safeParse(body);
  if (result.success) return { input: withStrengths(result.data), warnings: warningsOf(body as object, model) };
  const all = result.error.issues.flatMap((issue) => faults(issue, body, model));
  // One value can break several rules (no safe integer, and above the maximum); what is accepted says them all.
  return { faults: [...new Map(all.toReversed().map((fault) => [fault.parameter, fault])).values()].toReversed() };
}

/** Has the strength of an adapter by one name. */
function withStrengths<Input extends TaskInput>({ loras, ...input }: Input): Input {
  if (!loras) return input as Input;
  const named = (loras as (Lora & { scale?: number })[]).map(({ scale, strength = scale ?? 1, ...rest }) => ({
    ...rest,
    strength,
  }));
  return { ...input, loras: named } as unknown as Input;
}

/** A value without the nulls in its objects. */
export function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value;
  const given = Object.entries(value).filter(([, inner]) => inner !== null);
  return Object.fromEntries(given.map(([name, inner]) => [name, withoutNulls(inner)]));
}

function warningsOf(body: object, { id, parameters }: PublicModel): string[] {
  // `model` is the address of the request, repeated by some clients.
  const known = new Set<string>([...parameters, ...Object.keys(deliveryParameters), 'model']);
  const unknown = Object.keys(body).filter((name) => !known.has(name));
  if (unknown.length === 0) return [];
  const names = unknown.slice(0, mostNamed).map((name) => String(shown(name)));
  const more = unknown.length > mostNamed ? ` and ${unknown.length - mostNamed} more` : '';
  return [`${names.join(', ')}${more} had no effect: ${id.split('/').at(-1)} has no such parameter`];
}

function faults(issue: z.core.$ZodIssue, body: unknown, model: PublicModel): ParameterFault[] {
  const parameter = String(issue.path[0] ?? 'the body');
  const given = issue.path.length ? (body as Record<string, unknown>)?.[parameter] : body;
  const schema = { ...parametersWith(model.limits), ...deliveryParameters }[parameter as Name];
  return [
    {
      parameter,
      given: shown(given),
      accepted:
        issue.code === 'custom' && issue.path.length === 1
          ? issue.message
          : schema
            ? accepted(schema)
            : 'a JSON object',
    },
  ];
}

/** What a parameter accepts, in words. */
function accepted(schema: z.ZodType): string {
  const json = z.toJSONSchema(schema, { io: 'input' }) as {
    type?: string;
    format?: string;
    enum?: string[];
    minimum?: number;
    maximum?: number;
    minLength?: number;
    maxLength?: number;
    maxItems?: number;
  };
  if (json.type === 'array')
    return `a list of at most ${json.maxItems} adapters, each with an id or a path, and a strength (or scale) from -10 to 10`;
  if (json.enum) return `one of ${json.enum.join(', ')}`;
  if (json.format === 'uri') return 'a URL';
  const kind = { integer: 'an integer', number: 'a number', boolean: 'true or false', string: 'a text' }[json.type!]!;
  if (json.type === 'string')
    return json.maxLength ? `${kind} of ${json.minLength ?? 0} to ${json.maxLength} characters` : kind;
  if (json.minimum === undefined) return kind;
  return json.maximum === undefined
    ? `${kind} from ${json.minimum}`
    : `${kind} from ${json.minimum} to ${json.maximum}`;
}

/** A value from outside, short enough for a message. */
export function shown(value: unknown): unknown {
  // JSON has no infinity: a number too large for it is one.
  if (value === Infinity || value === -Infinity) return String(value);
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text !== undefined && text.length > 80 ? `${cut(text, 77)}...` : value;
}

/** The first characters of a text, none of them halved. */
export function cut(text: string, length: number): string {
  return text.slice(0, /[\ud800-\udbff]/.test(text[length - 1] ?? '') ? length - 1 : length);
}
