import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Running, startService } from './service.ts';
import { StubEngine } from './stub-engine.ts';

// A task's server-sent events.

let running: Running;
const engine = new StubEngine();
beforeAll(async () => {
  engine.hold();
  running = await startService({ engine, settings: { RETONE_TASKS_AT_ONCE: '1' } });
});
afterAll(() => running.close());

interface Event {
  id?: string;
  data: Record<string, unknown>;
}

async function submit(): Promise<string> {
  const { body } = await running.call('POST', '/api/v3/stability-ai/stable-audio-3/music', { prompt: 'x' });
  return body.data.id;
}

function watch(id: string, headers: Record<string, string> = {}, signal?: AbortSignal) {
  return fetch(`${running.url}/api/v3/predictions/${id}/events`, {
    headers: { authorization: `Bearer ${running.key}`, ...headers },
    ...(signal ? { signal } : {}),
  });
}

/** Events as they come, without comments. */
async function* eventsOf(response: Response): AsyncGenerator<Event> {
  let rest = '';
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
    const blocks = (rest + chunk).split('\n\n');
    rest = blocks.pop()!;
    for (const block of blocks) {
      const fields = Object.fromEntries(block.split('\n').map((line) => line.split(/: ?(.*)/s, 2)));
      if (fields.data) yield { ...(fields.id ? { id: fields.id } : {}), data: JSON.parse(fields.data) };
    }
  }
}

describe('the events of a task', () => {
  test('report the queue position, the progress and the end, and then end', async () => {
    const ids = [await submit(), await submit(), await submit()];
    await expect.poll(() => engine.requests.length).toBe(1);
    const waiting = await watch(ids[2]!);
    expect(waiting.headers.get('content-type')).toBe('text/event-stream');
    expect(waiting.headers.get('cache-control')).toBe('no-store');
    expect(waiting.headers.get('x-request-id')).toMatch(/\w/);
    const seen: Event[] = [];
    for await (const event of eventsOf(waiting)) {
      if (seen.length === 0) {
        // The two tasks ahead; the third is held when it has reported its progress.
        engine.letOne();
        engine.letOne();
      }
      if (event.data.progress) engine.release();
      seen.push(event);
    }
    expect(seen[0]!.data).toMatchObject({ status: 'created', tasks_ahead: 1, seconds_left: null });
    const running = seen.find(({ data }) => data.status === 'processing' && data.progress !== null);
    expect(running?.data.progress).toMatchObject({ stage: 'sample', step: 1, steps: 2 });
    expect(seen.at(-1)).toMatchObject({ id: 'ended', data: { status: 'completed', error: '', tasks_ahead: null } });
  });

  test('are the last one if the task has ended; a client that has seen it is asked not to reconnect', async () => {
    const id = await submit();
    await expect
      .poll(async () => (await running.call('GET', `/api/v3/predictions/${id}`)).body.data.status)
      .toBe('completed');
    const events: Event[] = [];
    for await (const event of eventsOf(await watch(id))) events.push(event);
    expect(events).toMatchObject([{ id: 'ended', data: { status: 'completed' } }]);
    expect((await watch(id, { 'last-event-id': 'ended' })).status).toBe(204);
  });

  test('are watched no longer when the client has gone', async () => {
    engine.hold();
    const id = await submit();
    const open = async () => {
      const text = await (await fetch(`${running.url}/metrics`)).text();
      return Number(/^retone_event_streams (\d+)$/m.exec(text)?.[1]);
    };
    const client = new AbortController();
    const response = await watch(id, {}, client.signal);
    const first = await eventsOf(response).next();
    expect(first.done).toBe(false);
    expect(await open()).toBe(1);
    client.abort();
    await expect.poll(open).toBe(0);
    engine.release();
  });
});
