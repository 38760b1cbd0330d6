import { request, service } from './client.ts';
import type { TaskNews } from './types.ts';

const ended = ['completed', 'failed', 'cancelled'];
const pollEvery = 1000;

/**
 * A task's news until it has ended, from the service's event stream; where that does not come through (a proxy may swallow
 * it), by asking again and again.
 *
 * @throws ServiceError when the service is gone
 */
export async function* taskNews(id: string, signal: AbortSignal): AsyncGenerator<TaskNews> {
  const response = await request('GET', `api/v3/predictions/${id}/events`, { signal }).catch((error) => {
    if (error.status === 404 || error.name === 'AbortError') throw error;
    return undefined;
  });
  if (response?.headers.get('content-type')?.startsWith('text/event-stream') && response.body) {
    try {
      for await (const news of events(response.body)) {
        yield news;
        if (ended.includes(news.status)) return;
      }
    } catch (error) {
      if (signal.aborted) throw error;
    }
  }
  for (;;) {
    const { status, error } = await service.task(id, signal);
    yield { status, error, progress: null };
    if (ended.includes(status)) return;
    await new Promise((resolve) => setTimeout(resolve, pollEvery));
  }
}

/** The data of server-sent events, parsed. */
async function* events(body: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<TaskNews> {
  let rest = '';
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const parts = (rest + value).split('\n\n');
    rest = parts.pop() ?? '';
    for (const part of parts) {
      const data = part.split('\n').find((line) => line.startsWith('data:'));
      if (data) yield JSON.parse(data.slice(5));
    }
  }
}
