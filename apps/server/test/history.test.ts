import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Running, startService } from './service.ts';

let running: Running;
beforeAll(async () => {
  running = await startService({ worker: false });
  // Many of them in the same microsecond, where the time alone would not say which were on the page before.
  await running.service.database.query(
    `INSERT INTO tasks (id, account_id, model, input, status, seed, created_at)
     SELECT md5(n::text), $1, 'stability-ai/stable-audio-3/music', '{"prompt": "x", "output_format": "wav"}',
       CASE WHEN n % 3 = 0 THEN 'failed' ELSE 'cancelled' END, n, '2026-11-01T00:00:00.123456Z'::timestamptz + (n / 20) * interval '1 microsecond'
     FROM generate_series(1, 130) AS n`,
    [running.accountId],
  );
});
afterAll(() => running.close());

async function pages(filter: object): Promise<string[][]> {
  const all: string[][] = [];
  let cursor: string | undefined;
  do {
    const { status, body } = await running.call('POST', '/api/v3/predictions', { ...filter, page_size: 7, cursor });
    expect(status).toBe(200);
    all.push(body.data.items.map(({ id }: { id: string }) => id));
    cursor = body.data.next_cursor;
  } while (cursor !== undefined);
  return all;
}

test.each([
  [{}, 130],
  [{ status: 'failed' }, 43],
  [{ created_after: '2026-11-01T00:00:00.1Z', created_before: '2026-11-02T00:00:00Z' }, 130],
])('the cursor leads through a history of %j once, in order', async (filter, count) => {
  const all = await pages(filter);
  expect(new Set(all.flat()).size).toBe(count);
  expect(all.flat()).toHaveLength(count);
  expect(all.slice(0, -1).every(({ length }) => length === 7)).toBe(true);
});

test('pages by number reach as far as tasks are counted, and older ones are read by cursor', async () => {
  const read = (query: object) => running.call('POST', '/api/v3/predictions', { page_size: 100, ...query });
  expect((await read({ page: 100 })).status).toBe(200);
  const { status, body } = await read({ page: 101 });
  expect([status, body.error_code]).toEqual([400, 'invalid_parameters']);
  expect(body.message).toMatch(/^page must be at most 100 .* cursor, the next_cursor of the page before \(got 101\)$/);
  const { next_cursor: cursor } = (await read({})).body.data;
  expect((await read({ page: 5000, cursor })).body.data.items).toHaveLength(30);
});

test('tasks that come or go meanwhile shift no page', async () => {
  const first = (await running.call('POST', '/api/v3/predictions', { page_size: 10 })).body.data;
  const before = (await pages({})).flat();
  await running.call('POST', '/api/v3/stability-ai/stable-audio-3/music', { prompt: 'newer' });
  await running.call('DELETE', `/api/v3/predictions/${first.items[0].id}`);
  const second = (await running.call('POST', '/api/v3/predictions', { page_size: 10, cursor: first.next_cursor })).body;
  expect(second.data.items.map(({ id }: { id: string }) => id)).toEqual(before.slice(10, 20));
});

test.each(['x', 'MjAyNg', Buffer.from("2026-11-01 00:00:00+00|' OR 1").toString('base64url'), 'a'.repeat(400)])(
  'the cursor %s, which no page gave, is refused',
  async (cursor) => {
    const { status, body } = await running.call('POST', '/api/v3/predictions', { cursor });
    expect([status, body.error_code]).toEqual([400, 'invalid_parameters']);
    expect(body.message).toContain('cursor must be');
  },
);
