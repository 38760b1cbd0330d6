import { isEnded, type TaskEvent } from '@retone/contract';
import { request, service } from './client.ts';

const pollEvery = 1000;

/** Streams at once. Over HTTP/1.1 browsers make six connections to a service, for all pages together: others need some. */
const mostStreams = 2;
let streams = 0;

/**
 * A task's news until it has ended, from the service's event stream; where that does not come through (a proxy may swallow
 * it), and while other tasks have the streams, by asking again and again.
 *
 * @throws ServiceError when the service is gone
 */
export async function* taskNews(id: string, signal: AbortSignal): AsyncGenerator<TaskEvent> {
  for (let streamed = false; ; ) {
    if (!streamed && streams < mostStreams) {
      streamed = true;
      for await (const news of streamedNews(id, signal)) {
        yield news;
        if (isEnded(news.status)) return;
      }
    }
    const news = (await latestNews(id, signal)) ?? (await stateOf(id, signal));
    yield news;
    if (isEnded(news.status)) return;
    await new Promise((resolve) => setTimeout(resolve, pollEvery));
  }
}

/** The first event of the stream, which has the whole state; the connection is free again at once. */
async function latestNews(id: string, signal: AbortSignal): Promise<TaskEvent | undefined> {
  for await (const news of streamedNews(id, signal)) return news;
  return undefined;
}

/** What a task says of its state where the event stream does not come through. */
async function stateOf(id: string, signal: AbortSignal): Promise<TaskEvent> {
  const { status, error, error_code } = await service.task(id, signal);
  return { status, error, error_code, progress: null, tasks_ahead: null, seconds_left: null };
}

/** What comes by the event stream, however far that goes. */
async function* streamedNews(id: string, signal: AbortSignal): AsyncGenerator<TaskEvent> {
  streams++;
  try {
    const response = await request('GET', `api/v3/predictions/${id}/events`, { signal });
    if (!response.headers.get('content-type')?.startsWith('text/event-stream') || !response.body) return;
    yield* events(response.body);
  } catch (error) {
    if (signal.aborted || (error as { status?: number }).status === 404) throw error;
  } finally {
    streams--;
  }
}

/** The data of server-sent events, parsed. */
async function* events(body: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<TaskEvent> {
  let rest = '';
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  try {
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
  } finally {
    await reader.cancel().catch(() => {}); // or the connection stays
  }
}
