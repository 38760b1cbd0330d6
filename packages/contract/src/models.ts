import { z } from 'zod';
import { contractLimits, type ModelLimits } from './limits.ts';
import { deliveryParameters, type ParameterName, parametersWith, type TaskInput } from './parameters.ts';
import type { ModelId } from './prices.ts';

// One schema per model is the validation, the OpenAPI document, the catalogue's request schema and the form on the page.

/** A model that the service offers. */
export interface PublicModel {
  id: ModelId;
  name: string;
  description: string;
  type: 'audio-to-audio' | 'text-to-audio';
  /** The model's own parameters, in the order of a form. */
  parameters: readonly ParameterName[];
  limits: ModelLimits;
  /** Checks the model's own parameters and those of the delivery; drops others. */
  schema: z.ZodType<TaskInput & { enable_sync_mode: boolean; enable_base64_output: boolean; webhook_url?: string }>;
}

interface Description {
  name: string;
  description: string;
  /** The parameters that this model has and others lack. */
  own: readonly ParameterName[];
  /** A rule between two parameters, or none. */
  rule?: Rule;
}

interface Rule {
  names: readonly [ParameterName, ParameterName];
  /** The parameter that the error names. */
  at: ParameterName;
  holds(first: number, second: number): boolean;
  /** The accepted values, in words that follow "must be". */
  accepted: string;
}

const common = [
  'num_inference_steps',
  'guidance_scale',
  'loras',
  'seed',
  'output_format',
  'output_bit_depth',
  'enable_preview',
] as const;

const textToAudio = ['prompt', 'negative_prompt', 'duration'] as const;

/** The public models, the most important one first. */
const descriptions: Record<ModelId, Description> = {
  'stability-ai/stable-audio-3/audio-to-audio': {
    name: 'Stable Audio 3 audio-to-audio',
    description:
      'Transforms a recording as a prompt says: another instrument, style or space, along the lines of the source.',
    own: ['audio', 'prompt', 'negative_prompt', 'duration', 'init_noise_level'],
  },
  'stability-ai/stable-audio-3/text-to-audio': {
    name: 'Stable Audio 3 sound effects',
    description: 'Generates sound effects and textures from a prompt.',
    own: textToAudio,
  },
  'stability-ai/stable-audio-3/music': {
    name: 'Stable Audio 3 music',
    description: 'Generates music from a prompt.',
    own: textToAudio,
  },
  'stability-ai/stable-audio-3/audio-inpainting': {
    name: 'Stable Audio 3 inpainting',
    description: 'Regenerates a section of a recording and keeps the rest unchanged.',
    own: ['audio', 'prompt', 'negative_prompt', 'mask_start_seconds', 'mask_end_seconds', 'regions'],
    rule: {
      names: ['mask_start_seconds', 'mask_end_seconds'],
      at: 'mask_end_seconds',
      holds: (start, end) => end > start,
      accepted: 'greater than mask_start_seconds',
    },
  },
  'stability-ai/stable-audio-3/audio-outpainting': {
    name: 'Stable Audio 3 outpainting',
    description: 'Extends a recording before its start and after its end, and keeps the recording unchanged.',
    own: ['audio', 'prompt', 'negative_prompt', 'extend_seconds_before', 'extend_seconds_after'],
    rule: {
      names: ['extend_seconds_before', 'extend_seconds_after'],
      at: 'extend_seconds_after',
      holds: (before, after) => before + after > 0,
      accepted: 'greater than 0, unless extend_seconds_before is',
    },
  },
};

/** The ids of the public models, the most important one first. */
export const modelIds = Object.keys(descriptions) as ModelId[];

/** The last part of a model's id: `music`. */
export function shortName(id: string): string {
  return id.split('/').at(-1)!;
}

const made = new Map<string, PublicModel>();

/** The public model of an id, with the limits of the checkpoint that serves it. */
export function modelOf(id: ModelId, limits: ModelLimits = contractLimits): PublicModel {
  // Every request needs one, and its schema takes longer to make than the request to be checked.
  const key = `${id} ${JSON.stringify(limits)}`;
  const model = made.get(key) ?? makeModel(id, limits);
  made.set(key, model);
  return model;
}

function makeModel(id: ModelId, limits: ModelLimits): PublicModel {
  const { name, description, own, rule } = descriptions[id];
  const parameters = [...own, ...common];
  const all = parametersWith(limits);
  const shape = Object.fromEntries(parameters.map((parameter) => [parameter, all[parameter]]));
  const schema = z.object({ ...shape, ...deliveryParameters });
  return {
    id,
    name,
    description,
    type: own.includes('audio') ? 'audio-to-audio' : 'text-to-audio',
    parameters,
    schema: (rule ? withRule(schema, rule) : schema) as unknown as PublicModel['schema'],
    limits,
  };
}

function withRule(schema: z.ZodObject, { names: [first, second], at, holds, accepted }: Rule): z.ZodType {
  return schema.refine((input) => holds(input[first] as number, input[second] as number), {
    path: [at],
    error: accepted,
    // Checked although other parameters are wrong, so that a client learns of all faults at once.
    when: ({ value }) =>
      [first, second].every((name) => typeof (value as Record<string, unknown>)?.[name] === 'number'),
  });
}
