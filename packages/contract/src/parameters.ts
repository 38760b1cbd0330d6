import { z } from 'zod';
import { bitDepths, defaultFormat, type WritableFormat, writableFormats } from './formats.ts';
import {
  defaultMaskEnd,
  defaultNoiseLevel,
  longestSeconds,
  type ModelLimits,
  maxLoras,
  maxPromptCharacters,
  maxRegions,
} from './limits.ts';

/** A section of a recording, in seconds. */
const region = z
  .object({
    start: z.number().min(0).meta({ description: 'Start in seconds.' }),
    end: z.number().min(0).meta({ description: 'End in seconds.' }),
  })
  .refine(({ start, end }) => end > start, 'must end after its start');

const strength = z.number().min(-10).max(10);
const lora = z
  .object({
    id: z.string().max(100).optional().meta({ description: 'The id of an adapter that this account has uploaded.' }),
    path: z.string().max(2000).optional().meta({
      description: 'An http(s) URL of a .safetensors file, or the name of an adapter that is installed on the server.',
    }),
    strength: strength.optional().meta({ description: '1 as trained, 0 off; default 1.' }),
    scale: strength.optional().meta({ description: "The hosted service's name for strength." }),
  })
  .refine(({ id, path }) => (id === undefined) !== (path === undefined), 'must have either id or path')
  .refine(
    ({ strength, scale }) => strength === undefined || scale === undefined || strength === scale,
    'must have either strength or scale: they mean the same',
  );

/** An adapter that a task asks for: one that its account has uploaded, one at a URL, or one that is installed. */
export interface Lora {
  id?: string | undefined;
  path?: string | undefined;
  strength: number;
}

/** Parameters of the source and of the transform. */
const sourceParameters = (limits: ModelLimits) => ({
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
      description: 'What the result should not sound like. Only used when guidance_scale is above 1.',
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
    .default(defaultNoiseLevel)
    .meta({
      description: 'How far the result departs from the recording: 0 returns it unchanged, 1 keeps nothing of it.',
      examples: [0.6],
    }),
});

/** The parts of a recording that are generated. */
const regionParameters = (limits: ModelLimits) => ({
  mask_start_seconds: z
    .number()
    .min(0)
    .default(0)
    .meta({ description: 'Start of the section that is regenerated, in seconds.', examples: [2] }),
  mask_end_seconds: z
    .number()
    .min(0)
    .default(defaultMaskEnd)
    .meta({
      description: 'End of the section that is regenerated, in seconds. The default is cut to a shorter recording.',
      examples: [4.5],
    }),
  regions: z
    .array(region)
    .min(1)
    .max(maxRegions)
    .optional()
    .meta({
      description:
        'Several sections that are regenerated, in place of mask_start_seconds and mask_end_seconds. Not a parameter of the hosted service.',
      examples: [
        [
          { start: 1, end: 2 },
          { start: 4, end: 5.5 },
        ],
      ],
      'x-hidden': true,
    }),
  extend_seconds_before: z
    .number()
    .min(0)
    .max(Math.min(limits.totalSeconds, longestSeconds))
    .default(0)
    .meta({ description: 'Seconds to add before the recording.', examples: [0] }),
  extend_seconds_after: z
    .number()
    .min(0)
    .max(Math.min(limits.totalSeconds, longestSeconds))
    .default(5)
    .meta({ description: 'Seconds to add after the recording.', examples: [8] }),
});

/** How a result is made. */
const samplingParameters = (limits: ModelLimits) => ({
  num_inference_steps: z
    .int()
    .min(1)
    .max(100)
    .default(limits.steps)
    .meta({ description: 'Inference steps of the sampler. More steps take longer.', examples: [8] }),
  guidance_scale: z
    .number()
    .min(0)
    .max(25)
    .default(limits.guidanceScale)
    .meta({ description: 'How strictly the result follows the prompt.', examples: [1] }),
  loras: z
    .array(lora)
    .max(maxLoras)
    .optional()
    .meta({
      description: 'Adapters (LoRA) for the model, applied in this order.',
      examples: [[{ path: 'https://example.com/cello.safetensors', strength: 0.8 }]],
      'x-hidden': true,
    }),
  seed: z
    .int()
    .min(-1)
    .max(Number.MAX_SAFE_INTEGER)
    .default(-1)
    .meta({
      description: 'The same seed gives the same result; -1 draws a random seed, which the result reports.',
      examples: [42],
    }),
  output_format: z
    .enum(writableFormats)
    .default(defaultFormat)
    .meta({ description: 'File format of the result.', examples: ['flac'] }),
  output_bit_depth: z
    .literal(bitDepths)
    .optional()
    .meta({
      description:
        'Bits per sample of wav and flac, 16 by default; 32 is floating point, and 24 for flac. Not a parameter of the hosted service.',
      examples: [24],
      'x-hidden': true,
    }),
  enable_preview: z
    .boolean()
    .optional()
    .meta({
      description:
        'Decode the result at every second step, for GET /predictions/{id}/preview. Takes time. Not a parameter of the hosted service.',
      examples: [true],
      'x-hidden': true,
    }),
});

/** The parameters of all models, within the limits of the checkpoint that serves the model. */
export const parametersWith = (limits: ModelLimits) => ({
  ...sourceParameters(limits),
  ...regionParameters(limits),
  ...samplingParameters(limits),
});

type Parameters = ReturnType<typeof parametersWith>;
export type ParameterName = keyof Parameters;

/** Parameters of every model that say how the response is delivered. */
export const deliveryParameters = {
  enable_sync_mode: z
    .boolean()
    .default(false)
    .meta({ description: 'Respond when the task has ended.', examples: [true] }),
  enable_base64_output: z
    .boolean()
    .default(false)
    .meta({ description: 'Return outputs as data URIs instead of URLs.', examples: [true] }),
  webhook_url: z
    .url()
    .optional()
    .meta({
      description: 'The URL that receives the result when the task has ended.',
      examples: ['https://example.com/hook'],
      'x-hidden': true,
    }),
};

/** A task's parameters, checked and with defaults filled in. The model's schema says which of them are present. */
export type TaskInput = { [Parameter in Exclude<ParameterName, 'loras'>]?: z.infer<Parameters[Parameter]> } & {
  loras?: Lora[] | undefined;
  prompt: string;
  output_format: WritableFormat;
};
