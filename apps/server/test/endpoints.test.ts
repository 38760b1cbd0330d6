import { Audit } from '@retone/billing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildApp } from '../src/index.ts';
import { type Running, startService } from './service.ts';

// The endpoint table of the contract, as far as it needs no worker.

let running: Running;
beforeAll(async () => {
  running = await startService({
    worker: false,
    settings: { RETONE_QUEUE_LIMIT: '200', RETONE_REQUESTS_PER_MINUTE: '100000', RETONE_MAX_UPLOAD_MB: '1' },
  });
});
afterAll(() => running.close());

const root = '/api/v3/stability-ai/stable-audio-3';
const music = `${root}/music`;
const envelope = (code: number, more: object = {}) => ({ code, message: expect.stringMatching(/\w/), ...more });
const refusal = (code: number, errorCode?: string) =>
  envelope(code, { data: null, error_code: errorCode ?? expect.any(String) });
const submit = async (call: Running['call'] = running.call, prompt = 'x') => {
  const { body } = await call('POST', music, { prompt });
  return body.data.id as string;
};

describe('a key', () => {
  test.each([
    ['absent', undefined],
    ['not a bearer', 'Basic abc'],
    ['empty', 'Bearer '],
    ['unknown', `Bearer rt_${'a'.repeat(43)}`],
    ['malformed', 'Bearer x'],
  ])('that is %s is answered with 401', async (_, authorization) => {
    for (const path of ['/api/v3/models', '/api/v3/balance', '/api/v3/predictions/x/result']) {
      const response = await fetch(running.url + path, authorization ? { headers: { authorization } } : {});
      expect(response.status).toBe(401);
      expect(await response.json()).toEqual(refusal(401));
    }
  });

  test('that was revoked is answered with 401', async () => {
    const { call, keyId } = await running.newAccount();
    expect((await call('GET', '/api/v3/balance')).status).toBe(200);
    await running.service.keys.revoke(keyId, 'test');
    expect(await call('GET', '/api/v3/balance')).toMatchObject({ status: 401, body: refusal(401, 'unknown_key') });
  });

  test('of a suspended account is answered with 403 until it is resumed', async () => {
    const { call, id } = await running.newAccount();
    await running.service.accounts.suspend(id, 'test');
    expect(await call('POST', music, { prompt: 'x' })).toMatchObject({ status: 403, body: refusal(403, 'suspended') });
    await running.service.accounts.resume(id, 'test');
    expect((await call('POST', music, { prompt: 'x' })).status).toBe(200);
  });

  test('may come with the headers of the clients', async () => {
    const headers = { 'x-client-name': 'wavespeed', 'x-client-version': '1', 'x-client-os': 'linux' };
    expect((await running.call('GET', '/api/v3/balance', undefined, headers)).status).toBe(200);
  });
});

test('more requests in a minute than the account may make are answered with 429 and when to come again', async () => {
  const { call, id } = await running.newAccount();
  await running.service.accounts.setLimits(id, { requestsPerMinute: 3, concurrentTasks: null }, 'test');
  const statuses: number[] = [];
  // Twice the limit and one: whenever the minute turns, one of its two parts is above it.
  for (let i = 0; i < 7; i++) {
    const { status, headers, body } = await call('GET', '/api/v3/balance');
    statuses.push(status);
    if (status !== 429) continue;
    expect(body).toEqual(refusal(429, 'rate_limited'));
    const seconds = Number(headers.get('retry-after'));
    expect(seconds).toBeGreaterThanOrEqual(1);
    expect(seconds).toBeLessThanOrEqual(60);
  }
  expect(statuses).toContain(429);
  expect((await running.call('GET', '/api/v3/balance')).status).toBe(200);
});

test('the requests of an account are counted by all APIs together', async () => {
  const { id, key } = await running.newAccount();
  await running.service.accounts.setLimits(id, { requestsPerMinute: 3, concurrentTasks: null }, 'test');
  const apis = [1, 2, 3].map(() => buildApp(running.service));
  const statuses: number[] = [];
  // As above, seven are too many; but no one of the three has more than three of them.
  for (let i = 0; i < 7; i++) {
    const headers = { authorization: `Bearer ${key}` };
    statuses.push((await apis[i % 3]!.inject({ url: '/api/v3/balance', headers })).statusCode);
  }
  for (const api of apis) await api.close();
  expect(statuses).toContain(429);
});

describe('POST /{model-id}', () => {
  test('answers with the new task', async () => {
    const { status, body } = await running.call('POST', music, { prompt: 'x', seed: 12 });
    expect(status).toBe(200);
    const { id } = body.data;
    expect(body).toEqual({
      code: 200,
      message: 'success',
      data: {
        id: expect.stringMatching(/^[0-9a-f]{32}$/),
        model: 'stability-ai/stable-audio-3/music',
        outputs: [],
        urls: { get: `${running.url}/api/v3/predictions/${id}/result` },
        has_nsfw_contents: [],
        status: 'created',
        created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z$/),
        error: '',
        error_code: '',
        timings: { inference: 0 },
        executionTime: 0,
        seed: 12,
        input: expect.objectContaining({ prompt: 'x', duration: 30 }),
      },
    });
  });

  test.each([{}, { seed: -1 }])('takes a random seed for %j and returns it', async (more) => {
    const { body } = await running.call('POST', music, { prompt: 'x', ...more });
    expect(body.data.seed).toBeGreaterThanOrEqual(0);
  });

  test.each(['a/b', 'stability-ai/stable-audio-3/mp3', 'music', 'a/b/'])('does not know the model "%s"', async (id) => {
    const { status, body } = await running.call('POST', `/api/v3/${id}`, { prompt: 'x' });
    expect(status).toBe(404);
    expect(body).toEqual(refusal(404, 'unknown_model'));
  });

  test('costs its price while it waits, and nothing when it is cancelled', async () => {
    const { call, id } = await running.newAccount(1);
    const task = await submit(call);
    expect(await running.service.ledger.balance(id)).toBe(1e6 - 21_700);
    await call('DELETE', `/api/v3/predictions/${task}`);
    expect(await running.service.ledger.balance(id)).toBe(1e6);
  });

  test('without the credit for it is answered with 402', async () => {
    const { call } = await running.newAccount(0.03);
    expect((await call('POST', music, { prompt: 'x' })).status).toBe(200);
    const { status, body } = await call('POST', music, { prompt: 'x' });
    expect(status).toBe(402);
    expect(body).toEqual(refusal(402, 'insufficient_credit'));
    expect(body.message).toContain('$0.0217');
  });

  test('in sync mode answers with the task as it is when the time is over', async () => {
    const patient = running.service.settings.RETONE_SYNC_SECONDS;
    running.service.settings.RETONE_SYNC_SECONDS = 0.01;
    const { status, body } = await running.call('POST', music, { prompt: 'x', enable_sync_mode: true });
    running.service.settings.RETONE_SYNC_SECONDS = patient;
    expect(status).toBe(200);
    expect(body.data).toMatchObject({ status: 'created', outputs: [], code: 5004 });
    expect(body.data.error).toBe(`Sync mode timed out; query the result later at: ${body.data.urls.get}`);
  });

  test.each(['http://127.0.0.1/x', 'http://169.254.169.254/', 'file:///etc/passwd', 'nonsense'])(
    'refuses the webhook %s',
    async (url) => {
      const query = await running.call('POST', `${music}?webhook=${encodeURIComponent(url)}`, { prompt: 'x' });
      expect(query).toMatchObject({ status: 400, body: refusal(400, 'bad_webhook') });
      const field = await running.call('POST', music, { prompt: 'x', webhook_url: url });
      expect(field).toMatchObject({ status: 400, body: refusal(400) });
    },
  );

  test('refuses two webhooks, and takes an empty one for none', async () => {
    const two = await running.call('POST', `${music}?webhook=http://a.example&webhook=http://b.example`, {
      prompt: 'x',
    });
    expect(two).toMatchObject({ status: 400, body: refusal(400, 'invalid_parameters') });
    expect((await running.call('POST', `${music}?webhook=`, { prompt: 'x' })).status).toBe(200);
  });

  test("refuses the upload of another account's, and one that is not there", async () => {
    const { call } = await running.newAccount();
    const url = await upload('a.wav');
    const input = { prompt: 'x', audio: url };
    expect((await running.call('POST', `${root}/audio-to-audio`, input)).status).toBe(200);
    expect(await call('POST', `${root}/audio-to-audio`, input)).toMatchObject({ status: 400, body: refusal(400) });
    const gone = { prompt: 'x', audio: `${running.url}/files/none` };
    expect(await call('POST', `${root}/audio-to-audio`, gone)).toMatchObject({ status: 400, body: refusal(400) });
  });
});

describe('what clients of the hosted service send beside the contract', () => {
  const a2a = `${root}/audio-to-audio`;

  test('audio again as a list, by the desktop client, is taken; another list has no effect', async () => {
    const audio = await upload('a.wav');
    const echo = await running.call('POST', a2a, { prompt: 'x', audio, audios: [audio] });
    expect(echo.status).toBe(200);
    expect(echo.body.data.input).not.toHaveProperty('audios');
    for (const audios of [[], [audio, audio], ['https://example.com/other.wav'], audio]) {
      const { status, body } = await running.call('POST', a2a, { prompt: 'x', audio, audios });
      expect([status, body.data.warnings]).toEqual([200, [expect.stringContaining('audios had no effect')]]);
    }
  });

  test('an empty webhook_url, by forms, is none', async () => {
    expect((await running.call('POST', music, { prompt: 'x', webhook_url: '' })).status).toBe(200);
  });

  test('include_inputs and the statuses timeout and deleted, in histories', async () => {
    const { call } = await running.newAccount();
    await submit(call, 'a bell');
    for (const [method, path, body] of [
      ['POST', '/api/v3/predictions', { include_inputs: true, page_size: 20 }],
      ['GET', '/api/v3/predictions?include_inputs=true', undefined],
    ] as const) {
      const { data } = (await call(method, path, body)).body;
      expect(data.items[0]).toMatchObject({ inputs: { prompt: 'a bell' }, input: { prompt: 'a bell' } });
    }
    for (const status of ['timeout', 'deleted']) {
      const { data } = (await call('POST', '/api/v3/predictions', { status })).body;
      expect(data).toEqual({ page: 1, total: 0, items: [] });
    }
  });

  test('headers that name them, and a webhook in the query', async () => {
    const headers = { 'x-client-name': 'wavespeed-desktop', 'x-client-version': '2.1.0', 'x-client-os': 'darwin' };
    const path = `${music}?webhook=${encodeURIComponent('https://93.184.215.14/hook?a=b')}`;
    expect((await running.call('POST', path, { prompt: 'x' }, headers)).status).toBe(200);
  });
});

describe('Idempotency-Key', () => {
  const a2a = `${root}/audio-to-audio`;
  const recording = (letter: string) => Buffer.from(letter.repeat(100)).toString('base64');

  test('gives the first task again for the same request, and holds its price once', async () => {
    const { call, id } = await running.newAccount(1);
    const key = { 'idempotency-key': 'one' };
    const input = { prompt: 'x', audio: recording('a') };
    const first = await call('POST', a2a, input, key);
    const second = await call('POST', a2a, { audio: input.audio, prompt: 'x' }, key);
    expect(second.body.data).toEqual(first.body.data);
    expect(await running.service.ledger.balance(id)).toBe(1e6 - 24_000);
  });

  test('of requests at the same moment makes one task', async () => {
    const key = { 'idempotency-key': 'at once'.replace(' ', '-') };
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => running.call('POST', music, { prompt: 'x' }, key)),
    );
    expect(answers.map(({ status }) => status)).toEqual(Array(8).fill(200));
    expect(new Set(answers.map(({ body }) => body.data.id)).size).toBe(1);
  });

  test.each([
    ['prompt', { prompt: 'y', audio: recording('a') }],
    ['recording of the same length', { prompt: 'x', audio: recording('b') }],
    ['way of delivery', { prompt: 'x', audio: recording('a'), enable_base64_output: true }],
  ])('with another %s is answered with 409', async (what, other) => {
    const key = { 'idempotency-key': what.replaceAll(' ', '-') };
    expect((await running.call('POST', a2a, { prompt: 'x', audio: recording('a') }, key)).status).toBe(200);
    const again = await running.call('POST', a2a, other, key);
    expect(again).toMatchObject({ status: 409, body: refusal(409, 'idempotency_mismatch') });
  });

  test('is the account’s own', async () => {
    const { call } = await running.newAccount();
    const key = { 'idempotency-key': 'shared' };
    const mine = await running.call('POST', music, { prompt: 'x' }, key);
    const theirs = await call('POST', music, { prompt: 'y' }, key);
    expect(theirs.status).toBe(200);
    expect(theirs.body.data.id).not.toBe(mine.body.data.id);
  });

  test.each(['', 'with space', 'x'.repeat(256)])('"%s" is refused', async (key) => {
    const { status, body } = await running.call('POST', music, { prompt: 'x' }, { 'idempotency-key': key });
    expect(status).toBe(400);
    expect(body).toMatchObject(refusal(400, 'invalid_parameters'));
    expect(body.errors[0].parameter).toBe('idempotency-key');
  });
});

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

const bytes = (size: number) => Uint8Array.from({ length: size }, (_, i) => i % 251);
async function upload(name: string, content = bytes(1000), type = 'audio/wav'): Promise<string> {
  const { body } = await sendForm((form) => form.append('file', new Blob([content], { type }), name));
  return body.data.download_url;
}
async function sendForm(fill: (form: FormData) => void, path = '/api/v3/media/upload/binary') {
  const form = new FormData();
  fill(form);
  const headers = { authorization: `Bearer ${running.key}` };
  const response = await fetch(running.url + path, { method: 'POST', headers, body: form });
  // biome-ignore lint/suspicious/noExplicitAny: what an answer holds is for the test to say
  return { status: response.status, body: (await response.json()) as any };
}

describe('an upload', () => {
  test.each([
    ['take.wav', 'audio/wav', 'audio'],
    ['take.mp3', 'application/octet-stream', 'audio'],
    ['picture.png', 'image/png', 'image'],
    ['clip.mp4', 'video/mp4', 'video'],
  ])('of %s as %s answers with type, URL, name and size', async (name, type, kind) => {
    const { status, body } = await sendForm((form) => form.append('file', new Blob([bytes(10)], { type }), name));
    expect(status).toBe(200);
    const download = expect.stringMatching(new RegExp(`^${running.url}/files/[\\w-]{20,}\\.\\w+$`));
    expect(body.data).toMatchObject({ download_url: download, filename: name, size: 10 });
    if (name !== 'clip.mp4') expect(body.data.type).toBe(kind);
    const file = await fetch(body.data.download_url);
    expect(new Uint8Array(await file.arrayBuffer())).toEqual(bytes(10));
  });

  test('may have other fields before the file, and any name', async () => {
    const { body } = await sendForm((form) => {
      form.append('purpose', 'test');
      form.append('file', new Blob([bytes(3)]), '../../etc/a\u0000b"c\n.wav');
    });
    expect(body.code).toBe(200);
    expect(body.data.filename).not.toMatch(/[/"\p{Cc}]/u);
    expect((await fetch(body.data.download_url)).status).toBe(200);
  });

  test.each(['/api/v3/media/upload/binary', '/api/v3/adapters'])(
    'that is larger than allowed is answered with 413 by %s, and leaves nothing',
    async (path) => {
      const stored = async () => {
        const keys: string[] = [];
        for await (const { key } of running.service.store.list('')) keys.push(key);
        return keys;
      };
      const before = await stored();
      const { status, body } = await sendForm((form) => form.append('file', new Blob([bytes(1_000_001)]), 'a'), path);
      expect(status).toBe(413);
      expect(body).toEqual(refusal(413, 'too_large'));
      expect(body.message).toContain('1 MB');
      expect(await stored()).toEqual(before);
    },
  );

  test('without a part named "file" is answered with 400', async () => {
    expect(await sendForm((form) => form.append('audio', new Blob(['x']), 'a.wav'))).toMatchObject({ status: 400 });
    expect(await sendForm((form) => form.append('file', 'a text'))).toMatchObject({ status: 400 });
  });

  test('that is not multipart is answered with 415', async () => {
    const answer = await running.call('POST', '/api/v3/media/upload/binary', {});
    expect(answer).toMatchObject({ status: 415, body: refusal(415) });
  });

  test('by ticket is PUT once, where the ticket says', async () => {
    const ticket = { filename: 'a.flac', size: 5, content_type: 'audio/flac' };
    const { body } = await running.call('POST', '/api/v3/media/uploads', ticket);
    const { download_url: url, upload: how } = body.data;
    expect(body.data).toMatchObject({ type: 'audio', filename: 'a.flac', size: 5 });
    expect((await fetch(url)).status).toBe(404);
    const put = () => fetch(how.url, { method: how.method, headers: how.headers, body: bytes(5) });
    expect((await fetch(how.url, { method: 'PUT' })).status).toBe(400);
    expect((await put()).status).toBe(200);
    expect(new Uint8Array(await (await fetch(url)).arrayBuffer())).toEqual(bytes(5));
    expect((await put()).status).toBe(409);
    const input = { prompt: 'x', audio: url };
    expect((await running.call('POST', `${root}/audio-to-audio`, input)).status).toBe(200);
  });

  test('by ticket is refused when it is too large or wrong', async () => {
    const large = await running.call('POST', '/api/v3/media/uploads', { filename: 'a.wav', size: 2e6 });
    expect(large).toMatchObject({ status: 413, body: refusal(413) });
    for (const body of [{}, { filename: 'a.wav' }, { filename: '', size: 1 }, { filename: 'a', size: -1 }, []])
      expect((await running.call('POST', '/api/v3/media/uploads', body)).status).toBe(400);
    const { body } = await running.call('POST', '/api/v3/media/uploads', { filename: 'a.wav', size: 1 });
    const put = await fetch(body.data.upload.url, { method: 'PUT', body: bytes(1_000_001) });
    expect(put.status).toBe(413);
  });
});

describe('a file', () => {
  let url: string;
  beforeAll(async () => {
    url = await upload('a.wav');
  });

  test('needs no key, and has its type and a name', async () => {
    const response = await fetch(url);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('audio/wav');
    expect(response.headers.get('content-disposition')).toContain('a.wav');
    expect(response.headers.get('accept-ranges')).toBe('bytes');
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    expect(new Uint8Array(await response.arrayBuffer())).toEqual(bytes(1000));
  });

  test('has a HEAD', async () => {
    const response = await fetch(url, { method: 'HEAD' });
    expect(response.status).toBe(200);
    expect(response.headers.get('content-length')).toBe('1000');
    expect((await response.arrayBuffer()).byteLength).toBe(0);
  });

  test.each([
    ['bytes=0-0', 0, 0],
    ['bytes=10-19', 10, 19],
    ['bytes=990-', 990, 999],
    ['bytes=990-5000', 990, 999],
    ['bytes=-10', 990, 999],
    ['bytes=-5000', 0, 999],
  ])('answers %s with that part', async (range, first, last) => {
    const response = await fetch(url, { headers: { range } });
    expect(response.status).toBe(206);
    expect(response.headers.get('content-range')).toBe(`bytes ${first}-${last}/1000`);
    expect(new Uint8Array(await response.arrayBuffer())).toEqual(bytes(1000).slice(first, last + 1));
  });

  test.each(['bytes=1000-', 'bytes=5000-6000', 'bytes=-0'])('answers %s with 416', async (range) => {
    const response = await fetch(url, { headers: { range } });
    expect(response.status).toBe(416);
    expect(response.headers.get('content-range')).toBe('bytes */1000');
    expect(await response.json()).toEqual(refusal(416));
  });

  test.each(['bytes=0-1,5-6', 'lines=1-2', 'bytes=5-2', 'bytes=', 'x'])('answers %s with the whole', async (range) => {
    const response = await fetch(url, { headers: { range } });
    expect(response.status).toBe(200);
    expect((await response.arrayBuffer()).byteLength).toBe(1000);
  });

  test('that is unknown is a 404', async () => {
    for (const token of ['x', 'a'.repeat(43), '..%2f..%2fetc%2fpasswd'])
      expect((await fetch(`${running.url}/files/${token}`)).status).toBe(404);
  });
});

describe('the catalogue', () => {
  test('lists the five models with prices and schemas', async () => {
    const { body } = await running.call('GET', '/api/v3/models');
    const prices = Object.fromEntries(
      body.data.map((each: { model_id: string; base_price: number }) => [each.model_id, each.base_price]),
    );
    expect(prices).toEqual({
      'stability-ai/stable-audio-3/audio-to-audio': 0.024,
      'stability-ai/stable-audio-3/text-to-audio': 0.0206,
      'stability-ai/stable-audio-3/music': 0.0217,
      'stability-ai/stable-audio-3/audio-inpainting': 0.0442,
      'stability-ai/stable-audio-3/audio-outpainting': 0.0446,
    });
    for (const entry of body.data) {
      expect(entry).toMatchObject({
        name: expect.any(String),
        description: expect.any(String),
        type: entry.model_id.includes('/audio-') ? 'audio-to-audio' : 'text-to-audio',
        formula: '{"total_price": base_price}',
      });
      const schema = entry.api_schema.api_schemas[0].request_schema;
      expect(schema).not.toHaveProperty('$schema');
      expect(schema.type).toBe('object');
      expect(Object.keys(schema.properties).sort()).toEqual([...schema['x-order-properties']].sort());
      const required = entry.type === 'audio-to-audio' ? ['audio', 'prompt'] : ['prompt'];
      expect([...schema.required].sort()).toEqual(required);
    }
  });

  test('quotes prices and charges nothing', async () => {
    const { call, id } = await running.newAccount(1);
    const model_id = 'stability-ai/stable-audio-3/audio-inpainting';
    const price = await call('POST', '/api/v3/model/price', { model_id, inputs: { prompt: 'x' } });
    expect(price.body.data).toEqual({
      model_id,
      price: 0.0442,
      discounted_price: 0.0442,
      discount_rate: 0,
      currency: 'USD',
    });
    const pricing = await call('POST', '/api/v3/model/pricing', { model_id, inputs: {} });
    expect(pricing.body.data).toEqual({ model_id, unit_price: 0.0442, currency: 'USD' });
    expect(await running.service.ledger.balance(id)).toBe(1e6);
  });

  test.each(['price', 'pricing'])('/model/%s refuses a model that is not there', async (path) => {
    const unknown = await running.call('POST', `/api/v3/model/${path}`, { model_id: 'a/b' });
    expect(unknown).toMatchObject({ status: 404, body: refusal(404, 'unknown_model') });
    expect((await running.call('POST', `/api/v3/model/${path}`, {})).status).toBe(400);
    expect((await running.call('POST', `/api/v3/model/${path}`)).status).toBe(400);
  });
});

describe('the account', () => {
  test.each(['/balance', '/account/balance'])('has its balance at %s', async (path) => {
    const { call } = await running.newAccount(2.5);
    const { body } = await call('GET', `/api/v3${path}`);
    expect(body.data).toEqual({ balance: 2.5, currency: 'USD' });
  });

  test('has its own webhook secret', async () => {
    const { call } = await running.newAccount();
    const secret = async (of: Running['call']) => (await of('GET', '/api/v3/webhook/secret')).body.data.secret;
    expect(await secret(call)).toMatch(/^whsec_[\w-]{32,}$/);
    expect(await secret(call)).not.toBe(await secret(running.call));
  });
});

describe('keys', () => {
  test('are made, listed and revoked by whoever has one, which the audit log records', async () => {
    const { call, id, keyId } = await running.newAccount();
    const made = await call('POST', '/api/v3/keys', { name: ' laptop ' });
    expect(made.body.data).toEqual({
      id: expect.any(String),
      name: 'laptop',
      key: expect.stringMatching(/^rt_[\w-]{43}$/),
    });
    const headers = { authorization: `Bearer ${made.body.data.key}` };
    expect((await fetch(`${running.url}/api/v3/balance`, { headers })).status).toBe(200);

    const listed = (await call('GET', '/api/v3/keys')).body.data;
    expect(listed).toHaveLength(2);
    expect(listed[0]).toMatchObject({ id: keyId, current: true, revoked_at: null });
    expect(listed[1]).toMatchObject({ name: 'laptop', current: false, prefix: made.body.data.key.slice(0, 9) });
    expect(JSON.stringify(listed)).not.toContain(made.body.data.key);

    const revoked = await call('DELETE', `/api/v3/keys/${made.body.data.id}`);
    expect(revoked.body.data).toEqual({ id: made.body.data.id, status: 'revoked' });
    expect((await fetch(`${running.url}/api/v3/balance`, { headers })).status).toBe(401);
    const actors = await new Audit(running.service.database).entries(id);
    const own = actors.filter(({ actor }) => actor === `key ${keyId}`).map(({ action }) => action);
    expect(own.toSorted()).toEqual(['key.create', 'key.revoke']);
  });

  test("of another account's cannot be seen or revoked", async () => {
    const { keyId, call } = await running.newAccount();
    const answer = await running.call('DELETE', `/api/v3/keys/${keyId}`);
    expect(answer).toMatchObject({ status: 404, body: refusal(404, 'key_not_found') });
    expect((await call('GET', '/api/v3/balance')).status).toBe(200);
  });

  test.each([
    {},
    { name: '' },
    { name: ' ' },
    { name: 5 },
    { name: 'a\nb' },
    { name: 'x'.repeat(101) },
    { title: 'x' },
  ])('are not made from %j', async (body) => {
    expect((await running.call('POST', '/api/v3/keys', body)).status).toBe(400);
  });
});

test('the webhook secret is replaced on demand, which the audit log records', async () => {
  const { call, id } = await running.newAccount();
  const before = (await call('GET', '/api/v3/webhook/secret')).body.data.secret;
  const { status, body } = await call('POST', '/api/v3/webhook/secret/rotate');
  expect(status).toBe(200);
  expect(body.data.secret).toMatch(/^whsec_[\w-]{43}$/);
  expect(body.data.secret).not.toBe(before);
  expect((await call('GET', '/api/v3/webhook/secret')).body.data).toEqual(body.data);
  const entries = await new Audit(running.service.database).entries(id);
  expect(entries.map(({ action }) => action)).toContain('webhook-secret.rotate');
});

test.each([
  ['/healthz', { status: 'ok' }],
  ['/readyz', { status: 'ready' }],
])('%s needs no key', async (path, answer) => {
  const response = await fetch(running.url + path);
  expect(response.status).toBe(200);
  expect(await response.json()).toEqual(answer);
});

test.each([
  ['GET', '/none'],
  ['GET', '/api/v3/none'],
  ['GET', '/api/v3/stability-ai'],
])('%s %s is nowhere', async (method, path) => {
  const answer = await running.call(method, path);
  expect(answer).toMatchObject({ status: 404, body: refusal(404, 'not_found') });
});

test.each([
  ['PUT', '/api/v3/models', 'GET, HEAD, OPTIONS'],
  ['POST', '/api/v3/balance', 'GET, HEAD, OPTIONS'],
  ['GET', music, 'POST, OPTIONS'],
  ['PATCH', '/api/v3/predictions/x', 'GET, HEAD, DELETE, OPTIONS'],
  ['POST', '/healthz', 'GET, HEAD, OPTIONS'],
])('%s %s is answered with 405 and what is allowed', async (method, path, allow) => {
  const { status, body, headers } = await running.call(method, path);
  expect({ status, body }).toEqual({ status: 405, body: refusal(405, 'method_not_allowed') });
  expect(headers.get('allow')).toBe(allow);
  const options = await fetch(running.url + path, { method: 'OPTIONS' });
  expect([options.status, options.headers.get('allow')]).toEqual([204, allow]);
});

test.each(['/api/v3/balance/', '//api/v3/balance', '/api//v3/balance', '/api/v3/b%61lance'])(
  '%s is found all the same',
  async (path) => {
    expect((await running.call('GET', path)).status).toBe(200);
  },
);

test.each(['GET', 'POST'])('%s answers have headers that keep browsers from mistakes, and an id', async (method) => {
  const { headers } = await running.call(method, '/api/v3/models', undefined, { 'x-request-id': 'mine-1' });
  expect(headers.get('x-content-type-options')).toBe('nosniff');
  expect(headers.get('x-frame-options')).toBe('DENY');
  expect(headers.get('x-request-id')).toBe('mine-1');
  const other = await running.call(method, '/api/v3/models', undefined, { 'x-request-id': 'no "id' });
  expect(other.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  // Without a setting no page of another origin may call.
  expect(headers.get('access-control-allow-origin')).toBeNull();
});

test('more tasks than may wait are answered with 503 and when to come again', async () => {
  const limit = running.service.settings.RETONE_QUEUE_LIMIT;
  for (let i = 0; i <= limit; i++) {
    const { status, headers, body } = await running.call('POST', music, { prompt: 'x' });
    if (status === 200) continue;
    expect(status).toBe(503);
    expect(body).toEqual(refusal(503, 'queue_full'));
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
    return;
  }
  expect.unreachable('the queue took more than its limit');
});
