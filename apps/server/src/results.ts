import type { Task } from '@retone/jobs';

/** A task as clients see it (the contract, "Result"). */
export interface TaskResult {
  id: string;
  model: string;
  outputs: string[];
  urls: { get: string };
  has_nsfw_contents: boolean[];
  status: Task['status'];
  created_at: string;
  error: string;
  timings: { inference: number };
  executionTime: number;
  seed: number;
}

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
    outputs: outputs ?? task.outputs.map((token) => fileUrl(publicUrl, token)),
    urls: { get: `${publicUrl}/api/v3/predictions/${task.id}/result` },
    has_nsfw_contents: task.outputs.map(() => false),
    status: task.status,
    created_at: task.createdAt.toISOString(),
    error: task.error,
    timings: { inference: task.inferenceMs },
    executionTime: task.inferenceMs,
    seed: task.seed,
  };
}

/** Where a shared file can be fetched without a key. */
export function fileUrl(publicUrl: string, token: string): string {
  return `${publicUrl}/files/${token}`;
}

/** The token in the URL of a file of this service, whatever host the URL was made for; undefined for any other URL. */
export function tokenOfFileUrl(url: string, publicUrls: readonly string[]): string | undefined {
  const base = publicUrls.find((each) => url.startsWith(`${each}/files/`));
  return base && /^[\w-]+$/.exec(url.slice(`${base}/files/`.length))?.[0];
}
