import { beforeAll, describe, expect, test } from 'vitest';
import { music, refusal, root, running, submit } from './endpoint-service.ts';
import type { Running } from './service.ts';

// Tasks that were submitted: one, all, their end.

describe('the result', () => {
  test.each(['', '/result'])('is at /predictions/{id}%s', async (suffix) => {
    const { body } = await running.call('POST', music, { prompt: 'x' });
    const again = await running.call('GET', `/api/v3/predictions/${body.data.id}${suffix}`);
    expect(again).toMatchObject({ status: 200, body });
  });

  test.each(['', '/result', '/events'])('of an unknown task is a 404 at /predictions/{id}%s', async (suffix) => {
    for (const id of ['0'.repeat(32), 'x', '%20', 'é'.repeat(20)]) {
      const answer = await running.call('GET', `/api/v3/predictions/${id}${suffix}`);
      expect(answer).toMatchObject({ status: 404, body: refusal(404, 'unknown_task') });
    }
  });

  test("of another account's task is a 404 as if there were none", async () => {
    const { call } = await running.newAccount();
    const id = await submit();
    for (const path of [`/api/v3/predictions/${id}`, `/api/v3/predictions/${id}/result`])
      expect(await call('GET', path)).toMatchObject({ status: 404, body: refusal(404, 'unknown_task') });
    expect((await call('DELETE', `/api/v3/predictions/${id}`)).status).toBe(404);
    expect((await running.call('GET', `/api/v3/predictions/${id}`)).body.data.status).toBe('created');
  });
});

describe('history', () => {
  let call: Running['call'];
  const ids: string[] = [];
  beforeAll(async () => {
    ({ call } = await running.newAccount());
    for (const name of ['music', 'text-to-audio', 'music']) {
      const { body } = await call('POST', `${root}/${name}`, { prompt: 'x' });
      ids.unshift(body.data.id);
    }
    await call('DELETE', `/api/v3/predictions/${ids[0]}`);
  });
  const listed = ({ body }: Awaited<ReturnType<Running['call']>>) =>
    body.data.items.map(({ id }: { id: string }) => id);
  const both = async (query: Record<string, unknown>) => {
    const posted = await call('POST', '/api/v3/predictions', query);
    const text = new URLSearchParams(query as Record<string, string>);
    const got = await call('GET', `/api/v3/predictions?${text}`);
    expect(got.body).toEqual(posted.body);
    return posted;
  };

  test('is newest first, with page and total', async () => {
    const { body } = await both({});
    expect(body.data).toMatchObject({ page: 1, total: 3 });
    expect(body.data.items.map(({ id }: { id: string }) => id)).toEqual(ids);
    expect((await call('POST', '/api/v3/predictions')).body).toEqual(body);
  });

  test('comes in pages', async () => {
    expect(listed(await both({ page: 1, page_size: 2 }))).toEqual(ids.slice(0, 2));
    const second = await both({ page: 2, page_size: 2 });
    expect(second.body.data).toMatchObject({ page: 2, total: 3 });
    expect(listed(second)).toEqual(ids.slice(2));
    expect(listed(await both({ page: 9, page_size: 100 }))).toEqual([]);
  });

  test('is filtered by model and status', async () => {
    expect(listed(await both({ model: 'stability-ai/stable-audio-3/text-to-audio' }))).toEqual([ids[1]]);
    expect(listed(await both({ model: 'none' }))).toEqual([]);
    expect(listed(await both({ status: 'cancelled' }))).toEqual([ids[0]]);
    expect(listed(await both({ status: 'created' }))).toEqual(ids.slice(1));
    expect(listed(await both({ status: 'completed' }))).toEqual([]);
  });

  test('is filtered by time, with or without an offset', async () => {
    const past = ['2000-01-01T00:00:00Z', '2000-01-01T00:00:00.123456', '2000-01-01', '2000-01-01T00:00:00+02:00'];
    const otherForms = ['2000-01-01T00:00:00+0200', '2000-01-01t00:00:00z', '2000-01-01T01:00Z', '2000-01-01 01:00+02'];
    const ends = ['0000-01-01T00:00:00Z', '0001-01-01T00:00:00+14:00'];
    for (const moment of [...past, ...otherForms, ...ends]) {
      expect(listed(await both({ created_after: moment }))).toEqual(ids);
      expect(listed(await both({ created_before: moment }))).toEqual([]);
    }
    for (const moment of ['9999-12-31T23:59:59Z', '9999-12-31T23:59:59.999-14:00']) {
      expect(listed(await both({ created_before: moment }))).toEqual(ids);
      expect(listed(await both({ created_after: moment }))).toEqual([]);
    }
  });

  test.each([
    ['page', [0, -1, 1.5, 'x', true, []]],
    ['page_size', [0, 101, 'many']],
    ['status', ['done', 1]],
    ['created_after', ['yesterday', 5, '2026-13-01T00:00:00Z', '2026-02-30', '2026-01-01T25:00Z']],
    ['created_before', ['', {}]],
    ['model', [5]],
  ])('refuses a wrong %s', async (parameter, values) => {
    for (const value of values) {
      const { status, body } = await call('POST', '/api/v3/predictions', { [parameter]: value });
      expect({ value, status }).toEqual({ value, status: 400 });
      expect(body.errors).toEqual([expect.objectContaining({ parameter, accepted: expect.any(String) })]);
    }
  });
});

describe('deletion', () => {
  test("of several leaves unknown ones and another account's alone", async () => {
    const { call } = await running.newAccount();
    const mine = [await submit(call), await submit(call)];
    await call('DELETE', `/api/v3/predictions/${mine[0]}`);
    const theirs = await submit();
    const ids = [...mine, mine[0], theirs, '0'.repeat(32), 'x'];
    const { status, body } = await call('POST', '/api/v3/predictions/delete', { ids });
    expect(status).toBe(200);
    expect(body.data).toEqual({ deleted_count: 2 });
    expect((await call('POST', '/api/v3/predictions')).body.data.total).toBe(0);
    expect((await running.call('GET', `/api/v3/predictions/${theirs}`)).status).toBe(200);
  });

  test('gives back what was held for a task that waits', async () => {
    const { call, id } = await running.newAccount(1);
    await call('POST', '/api/v3/predictions/delete', { ids: [await submit(call)] });
    expect(await running.service.ledger.balance(id)).toBe(1e6);
  });

  test.each([{}, { ids: 'x' }, { ids: [1] }, { ids: [null] }, { ids: Array(2000).fill('x') }])(
    'is refused for a wrong body',
    async (body) => {
      const answer = await running.call('POST', '/api/v3/predictions/delete', body);
      expect(answer).toMatchObject({ status: 400, body: refusal(400, 'invalid_parameters') });
      expect(JSON.stringify(answer.body).length).toBeLessThan(1000);
    },
  );

  test('of one cancels it where it waits, and removes it where it has ended', async () => {
    const id = await submit();
    const path = `/api/v3/predictions/${id}`;
    expect((await running.call('DELETE', path)).body.data).toEqual({ id, status: 'deleted' });
    expect((await running.call('GET', path)).body.data.status).toBe('cancelled');
    expect((await running.call('DELETE', path)).body.data).toEqual({ id, status: 'deleted' });
    expect((await running.call('GET', path)).status).toBe(404);
    expect((await running.call('DELETE', path)).status).toBe(404);
  });

  test('may come with a content type and no body', async () => {
    const id = await submit();
    const headers = { 'content-type': 'application/json' };
    expect((await running.call('DELETE', `/api/v3/predictions/${id}`, undefined, headers)).status).toBe(200);
  });
});
