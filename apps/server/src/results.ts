import { audioFormats } from '@retone/audio';
import type { Task } from '@retone/jobs';
import { z } from 'zod';

/** Statuses of a task, as clients see them. */
export const statuses = ['created', 'processing', 'completed', 'failed', 'cancelled'] as const;

/** A task as its owner sees it (the contract, "Result"). */
export const resultSchema = z
  .object({
    id: z.string().meta({ description: '32 hex digits.', examples: ['6f1d2c0a9b8e47d3a5c4e1f20b7a6d98'] }),
    model: z.string().meta({ examples: ['stability-ai/stable-audio-3/audio-to-audio'] }),
    outputs: z.array(z.string()).describe('URLs that need no key, or data URIs; empty until the task is completed.'),
    urls: z.object({ get: z.string().describe('Where the result is asked for.') }),
    has_nsfw_contents: z.array(z.boolean()).describe('One per output, always false: nothing is looked for.'),
    status: z.enum(statuses),
    created_at: z.iso.datetime(),
    error: z.string().describe('Empty, or what went wrong.'),
    error_code: z
      .string()
      .describe(
        'Why the task failed, for programs: `audio_not_audio`, `engine_crashed`, `source_timeout`, ...; or empty.',
      ),
    warnings: z
      .array(z.string())
      .optional()
      .describe(
        'What of the request had no effect or was read otherwise: words that the model does not know, the end of a long prompt.',
      ),
    timings: z.object({ inference: z.int().min(0).describe('Milliseconds.') }),
    executionTime: z.int().min(0).describe('`timings.inference` again.'),
    seed: z.int().min(0).describe('The seed that is used: the same one gives the same result.'),
    input: z
      .record(z.string(), z.unknown())
      .describe('What was submitted, with defaults. A recording sent with the request is only described.'),
    webhook: z
      .object({
        state: z.enum(['waiting', 'delivered', 'failed']).describe('`failed`: it was given up.'),
        attempts: z.int(),
        error: z.string().describe('What was wrong at the latest attempt; empty if nothing was.'),
        next_attempt_at: z.iso.datetime().nullable(),
      })
      .optional()
      .describe('How the telling of the webhook goes, where there is one and something to tell.'),
    code: z.literal(5004).optional().describe('Only where a synchronous submission waited for as long as it may.'),
  })
  .meta({ id: 'Task', description: 'A task and its result.' });

export type TaskResult = z.infer<typeof resultSchema>;

/**
 * The public form of a task.
 *
 * @param publicUrl how clients reach the service, without a slash at its end
 * @param outputs what stands for the outputs instead of their URLs, for clients that want the bytes themselves
 */
export function taskResult(task: Task, publicUrl: string, outputs?: string[]): TaskResult {
  return {
    id: task.id,
    model: task.model,
    outputs: outputs ?? task.outputs.map((token) => fileUrl(publicUrl, token, extensionOf(task))),
    urls: { get: `${publicUrl}/api/v3/predictions/${task.id}/result` },
    has_nsfw_contents: task.outputs.map(() => false),
    status: task.status,
    created_at: task.createdAt.toISOString(),
    error: task.error,
    error_code: task.errorCode,
    ...(task.warnings.length > 0 ? { warnings: task.warnings } : {}),
    timings: { inference: task.inferenceMs },
    executionTime: task.inferenceMs,
    seed: task.seed,
    input: task.input,
    ...(task.webhook ? { webhook: webhookState(task.webhook) } : {}),
  };
}

function webhookState({ state, attempts, error, nextAttemptAt }: NonNullable<Task['webhook']>) {
  return { state, attempts, error, next_attempt_at: nextAttemptAt };
}

function extensionOf({ input }: Task): string {
  return `.${audioFormats.find(({ name }) => name === input.output_format)!.extensions[0]}`;
}

/**
 * Where a shared file can be fetched without a key. Clients tell by the end of the URL whether it is audio.
 *
 * @param name the file's, or its extension alone
 */
export function fileUrl(publicUrl: string, token: string, name: string): string {
  const extension = /\.[a-z0-9]{1,8}$/i.exec(name)?.[0].toLowerCase() ?? '';
  return `${publicUrl}/files/${token}${extension}`;
}

/** The token in the URL of a file of this service, whatever host the URL was made for; undefined for any other URL. */
export function tokenOfFileUrl(url: string, publicUrls: readonly string[]): string | undefined {
  const base = publicUrls.find((each) => url.startsWith(`${each}/files/`));
  return base && /^([\w-]+)(?:\.\w+|\/[^/?#]*)?$/.exec(url.slice(`${base}/files/`.length))?.[1];
}
