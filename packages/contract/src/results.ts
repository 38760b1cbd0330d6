import { z } from 'zod';
import { stages, taskStatuses, webhookStates } from './statuses.ts';

const status = z.enum(taskStatuses);
const errorCode = z
  .string()
  .describe('Why the task failed, for programs: `audio_not_audio`, `engine_crashed`, `source_timeout`, ...; or empty.');

/** The envelope of every JSON response that is not a refusal. */
export function envelope<Data extends z.ZodType>(data: Data) {
  return z.object({ code: z.literal(200), message: z.literal('success'), data });
}

/** The body of every refusal. */
export const failureSchema = z
  .object({
    code: z.int().min(400).max(599).describe('The HTTP status.'),
    message: z.string().describe('What was wrong, and what would be right.'),
    data: z.null(),
    error_code: z.string().describe('What was wrong, for programs.'),
    errors: z
      .array(
        z.object({
          parameter: z.string(),
          given: z.unknown().optional(),
          accepted: z.string().describe('What would be right.'),
        }),
      )
      .optional()
      .describe('Every fault of the parameters, if parameters were at fault.'),
  })
  .meta({
    id: 'Failure',
    description: 'A refused request.',
    examples: [
      {
        code: 400,
        message: 'guidance_scale must be a number from 0 to 25 (got 99)',
        data: null,
        error_code: 'invalid_parameters',
        errors: [{ parameter: 'guidance_scale', given: 99, accepted: 'a number from 0 to 25' }],
      },
    ],
  });

/** A task as its owner sees it. */
export const taskSchema = z
  .object({
    id: z.string().meta({ description: '32 hex digits.', examples: ['6f1d2c0a9b8e47d3a5c4e1f20b7a6d98'] }),
    model: z.string().meta({ examples: ['stability-ai/stable-audio-3/audio-to-audio'] }),
    outputs: z.array(z.string()).describe('URLs that need no key, or data URIs; empty until the task is completed.'),
    urls: z.object({ get: z.string().describe('The URL of this result.') }),
    has_nsfw_contents: z.array(z.boolean()).describe('One per output, always false: outputs are not classified.'),
    status,
    created_at: z.iso.datetime(),
    error: z.string().describe('Empty, or what went wrong.'),
    error_code: errorCode,
    warnings: z
      .array(z.string())
      .optional()
      .describe('Parts of the request without effect: words that the model does not know, the end of a long prompt.'),
    timings: z.object({ inference: z.int().min(0).describe('Milliseconds.') }),
    executionTime: z.int().min(0).describe('Same as `timings.inference`.'),
    seed: z.int().min(0).describe('The seed of this result; the same seed gives the same result.'),
    input: z
      .record(z.string(), z.unknown())
      .describe('The parameters of the request, with defaults. A recording sent inline is only described.'),
    webhook: z
      .object({
        state: z.enum(webhookStates).describe('`failed`: delivery was given up.'),
        attempts: z.int(),
        error: z.string().describe('The error of the latest attempt; empty if it succeeded.'),
        next_attempt_at: z.iso.datetime().nullable(),
      })
      .optional()
      .describe('State of the webhook delivery, once there is one.'),
    code: z.literal(5004).optional().describe('Only if a synchronous request reached its time limit.'),
  })
  .meta({ id: 'Task', description: 'A task and its result.' });

/** One event of a task's event stream: the whole state, so that a client that reconnects misses nothing. */
export const taskEventSchema = z
  .object({
    status,
    progress: z
      .object({
        stage: z.enum(stages),
        fraction: z.number().min(0).max(1),
        step: z.int().optional(),
        steps: z.int().optional(),
        preview: z.int().optional().describe('The step after which the latest preview was decoded.'),
      })
      .nullable()
      .describe('The stage, the fraction of the whole, and while sampling `step` of `steps`.'),
    error: z.string(),
    error_code: errorCode,
    tasks_ahead: z.int().nullable().describe('Queue position: tasks ahead of this one; null once it has started.'),
    seconds_left: z.int().nullable().describe('Estimated seconds remaining; null if there is no estimate yet.'),
  })
  .meta({ id: 'TaskEvent', description: 'The state of a task.' });

const price = z.number().describe('In US dollars.');

/** A parameter in the JSON Schema of a model, as far as forms read it. */
const parameterSchema = z.looseObject({
  type: z.string().optional(),
  default: z.unknown().optional(),
  minimum: z.number().optional(),
  maximum: z.number().optional(),
  maxLength: z.int().optional(),
  enum: z.array(z.union([z.string(), z.number()])).optional(),
});

/** A model in the catalogue. */
export const modelSchema = z
  .object({
    model_id: z.string(),
    name: z.string(),
    description: z.string(),
    type: z.enum(['audio-to-audio', 'text-to-audio']),
    base_price: price,
    formula: z.string().describe('The price as a JSONata expression of `base_price` and the parameters.'),
    api_schema: z.object({
      api_schemas: z.array(
        z.object({
          method: z.literal('POST'),
          api_path: z.string(),
          type: z.literal('model_run'),
          request_schema: z
            .looseObject({
              properties: z.record(z.string(), parameterSchema),
              required: z.array(z.string()).optional(),
              'x-order-properties': z.array(z.string()),
            })
            .describe('The JSON Schema of the parameters; `x-order-properties` is their order in a form.'),
        }),
      ),
    }),
  })
  .meta({ id: 'Model', description: 'A model of the catalogue.' });

/** An API key, without its secret. */
export const keySchema = z
  .object({
    id: z.string().describe('32 hex digits; not secret.'),
    name: z.string(),
    prefix: z.string().describe('The first characters of the key, which distinguish keys.'),
    created_at: z.iso.datetime(),
    last_used_at: z.iso.datetime().nullable().describe('To the minute.'),
    revoked_at: z.iso.datetime().nullable(),
    current: z.boolean().describe('Whether this request was made with this key.'),
  })
  .meta({ id: 'Key', description: 'An API key, without its secret.' });

/** An uploaded file. */
export const uploadSchema = z.object({
  type: z.string().meta({ examples: ['audio'] }),
  download_url: z.string().describe('Accepted wherever a recording is; needs no key.'),
  filename: z.string(),
  size: z.int().describe('Bytes.'),
});

export type TaskResult = z.infer<typeof taskSchema>;
export type TaskEvent = z.infer<typeof taskEventSchema>;
export type CatalogueEntry = z.infer<typeof modelSchema>;
export type ApiKeyInfo = z.infer<typeof keySchema>;
export type ParameterSchema = z.infer<typeof parameterSchema>;
export type UploadInfo = z.infer<typeof uploadSchema>;
export type Failure = z.infer<typeof failureSchema>;
