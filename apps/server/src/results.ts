import { formatNamed, type TaskResult } from '@retone/contract';
import type { Task } from '@retone/jobs';

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
  return `.${formatNamed(input.output_format).extensions[0]}`;
}

/**
 * Where a shared file can be fetched without a key. Clients recognise audio by the end of the URL.
 *
 * @param name the file's, or its extension alone
 */
export function fileUrl(publicUrl: string, token: string, name: string): string {
  const extension = /\.[a-z0-9]{1,8}$/i.exec(name)?.[0].toLowerCase() ?? '';
  return `${publicUrl}/files/${token}${extension}`;
}

/**
 * The token in a URL that may be of a file of this service; undefined for any other URL.
 *
 * @returns `sure`: it is under one of the service's own addresses. Otherwise the service may have had that one before, or
 *   another process has it: only the table of files can say.
 */
export function tokenOfFileUrl(
  url: string,
  publicUrls: readonly string[],
): { token: string; sure: boolean } | undefined {
  const token = /^https?:\/\/[^?#]*\/files\/([\w-]+)(?:\.\w+|\/[^/?#]*)?$/.exec(url)?.[1];
  return token === undefined ? undefined : { token, sure: publicUrls.some((each) => url.startsWith(`${each}/files/`)) };
}
