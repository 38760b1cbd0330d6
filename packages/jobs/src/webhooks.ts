import type { Database } from '@retone/database';
import { type GuardOptions, guardedFetch } from '@retone/storage';
import { taskChannel } from './lifecycle.ts';
import type { Queue, WebhookEvent } from './queue.ts';
import type { Task } from './task.ts';
import { Tasks } from './tasks.ts';
import { signWebhook } from './webhook-signature.ts';

/** Largest answer of a receiver that is read; what it says does not matter. */
const maxAnswerBytes = 64 * 1024;
const timeoutMs = 15_000;

/** The notification about an ended task. */
export interface WebhookMessage {
  task: Task;
  body: unknown;
  secret: string;
}

export interface WebhookOptions {
  database: Database;
  queue: Queue;
  /** The notification about a task; undefined if the task was deleted. */
  load(taskId: string): Promise<WebhookMessage | undefined>;
  guard: Pick<GuardOptions, 'allowHosts' | 'resolve'>;
  /** Called after each attempt, for logs and metrics; `error` is empty after a successful delivery. */
  onDelivery?: ((event: { task: Task; attempt: number; error: string }) => void) | undefined;
}

/** Notifies receivers of ended tasks: at least once, retrying with exponential backoff. */
export async function deliverWebhooks({ database, queue, load, guard, onDelivery }: WebhookOptions): Promise<void> {
  await queue.workOnWebhooks(async (event) => {
    const message = await load(event.taskId);
    if (!message?.task.webhookUrl) return;
    const { task } = message;
    const { attempt } = event;
    const error = await send(message, event, guard).then(
      () => '',
      (reason: Error) => reason.message,
    );
    await database.transaction(async (tx) => {
      const next = error ? await queue.retryWebhook(tx, event) : undefined;
      const state = next ? 'waiting' : error ? 'failed' : 'delivered';
      const nextAttemptAt = next?.toISOString() ?? null;
      await new Tasks(tx).noteWebhook(task.id, { state, attempts: attempt, error, nextAttemptAt });
    });
    await database.notify(taskChannel, task.id);
    onDelivery?.({ task, attempt, error });
  });
}

/** @throws GuardError, or an Error that says what the receiver answered */
async function send(
  { task, body, secret }: WebhookMessage,
  { eventId }: WebhookEvent,
  guard: WebhookOptions['guard'],
): Promise<void> {
  const text = JSON.stringify(body);
  const { status, close } = await guardedFetch(task.webhookUrl!, {
    ...guard,
    method: 'POST',
    headers: { ...signWebhook(secret, eventId, new Date(), text) },
    body: text,
    maxBytes: maxAnswerBytes,
    timeoutMs,
    maxRedirects: 0,
  });
  close();
  if (status < 200 || status > 299) throw new Error(`the receiver answered ${status}`);
}
