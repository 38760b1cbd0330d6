import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import type { Retone, Task } from '@retone/client';
import type { FastifyReply } from 'fastify';

/** Answers with the result of a task itself, with its id and seed in headers. */
export async function sendSound(
  reply: FastifyReply,
  retone: Retone,
  { id, seed, outputs }: Task,
): Promise<FastifyReply> {
  const { headers, body } = await retone.download(outputs[0]!);
  return reply
    .headers({
      'content-type': headers.get('content-type')!,
      'content-length': headers.get('content-length')!,
      'x-retone-task': id,
      'x-retone-seed': String(seed),
    })
    .send(Readable.fromWeb(body as ReadableStream));
}
