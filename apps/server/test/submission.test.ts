import { describe, expect, test } from 'vitest';
import { music, refusal, root, running, submit } from './endpoint-service.ts';
import { upload } from './uploading.ts';

// Submission of tasks, as far as it needs no worker.

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
    const url = await upload(running, 'a.wav');
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
    const audio = await upload(running, 'a.wav');
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
