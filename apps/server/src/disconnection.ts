import type { FastifyReply } from 'fastify';

/**
 * Aborted when the client is gone, or has its answer. (Fastify's `request.signal` is aborted as soon as the body has
 * been read.)
 */
export function disconnection({ raw }: FastifyReply): AbortSignal {
  const controller = new AbortController();
  if (raw.destroyed) controller.abort();
  else raw.once('close', () => controller.abort());
  return controller.signal;
}
