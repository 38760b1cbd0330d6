import { type GuardOptions, guardedFetch } from '@retone/storage';
import type { Queue } from './queue.ts';
import type { Task } from './tasks.ts';
import { signWebhook } from './webhook-signature.ts';

/** Largest answer of a receiver that is read; what it says does not matter. */
const maxAnswerBytes = 64 * 1024;
const timeoutMs = 15_000;

export interface WebhookOptions {
  queue: Queue;
  /** The ended task and what is told of it; undefined when it is gone. */
  load(taskId: string): Promise<{ task: Task; body: unknown; secret: string } | undefined>;
  guard: Pick<GuardOptions, 'allowHosts' | 'resolve'>;
  onDelivery?: ((event: { task: Task; status: number | undefined; error?: unknown }) => void) | undefined;
}

/** Tells receivers of ended tasks: at least once, again after each failure, further and further apart. */
export async function deliverWebhooks({ queue, load, guard, onDelivery }: WebhookOptions): Promise<void> {
  await queue.workOnWebhooks(async (taskId, eventId) => {
    const loaded = await load(taskId);
    if (!loaded?.task.webhookUrl) return;
    const { task, body, secret } = loaded;
    const text = JSON.stringify(body);
    let status: number | undefined;
    try {
      const response = await guardedFetch(task.webhookUrl!, {
        ...guard,
        method: 'POST',
        headers: { ...signWebhook(secret, eventId, new Date(), text) },
        body: text,
        maxBytes: maxAnswerBytes,
        timeoutMs,
        maxRedirects: 0,
      });
      response.close();
      status = response.status;
      if (status < 200 || status > 299) throw new Error(`the receiver answered ${status}`);
      onDelivery?.({ task, status });
    } catch (error) {
      onDelivery?.({ task, status, error });
      throw error;
    }
  });
}
