import { ElevenLabsClient } from '@elevenlabs/elevenlabs-js';
import { createFalClient } from '@fal-ai/client';
import { DatabaseError } from '@retone/database';
import OpenAI, { toFile } from 'openai';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type Running, startService } from './service.ts';
import { silence } from './silence.ts';
import { StubEngine } from './stub-engine.ts';

// Each dialect, driven by the published client of the service that it comes from; the engine is a stub.

const engine = new StubEngine();
let running: Running;

beforeAll(async () => {
  running = await startService({ engine, settings: { RETONE_DIALECTS: 'elevenlabs, openai,stability,fal' } });
});
afterAll(() => running.close());

const latest = () => engine.requests.at(-1)!;
const isMp3 = (bytes: Uint8Array) => bytes.length > 1000 && (bytes[0] === 0x49 || bytes[0] === 0xff);

describe('ElevenLabs, by its client', () => {
  const client = (apiKey = running.key) => new ElevenLabsClient({ apiKey, baseUrl: running.url, maxRetries: 0 });

  test('a sound effect', async () => {
    const stream = await client().textToSoundEffects.convert({
      text: 'a door',
      durationSeconds: 2,
      promptInfluence: 0.5,
    });
    expect(isMp3(new Uint8Array(await new Response(stream).arrayBuffer()))).toBe(true);
    expect(latest()).toMatchObject({
      pipeline: 'text-to-audio',
      seconds: 2,
      controls: { prompt: 'a door', guidanceScale: 5.5 },
    });
  });

  test('faults reach the client in its form', async () => {
    await expect(client().textToSoundEffects.convert({ text: 'x', loop: true })).rejects.toMatchObject({
      statusCode: 422,
      body: { detail: { status: 'invalid_parameters', message: expect.stringContaining('loop') } },
    });
    await expect(client('no').textToSoundEffects.convert({ text: 'x' })).rejects.toMatchObject({ statusCode: 401 });
    await expect(client().textToSoundEffects.convert({ text: 'x', durationSeconds: 9999 })).rejects.toThrow(/duration/);
    await expect(client().textToSoundEffects.convert({ text: 'refuse' })).rejects.toMatchObject({ statusCode: 422 });
  });
});

describe('OpenAI, by its client', () => {
  const client = (apiKey = running.key) => new OpenAI({ apiKey, baseURL: `${running.url}/v1`, maxRetries: 0 });

  test('speech is sound', async () => {
    const made = await client().audio.speech.create({
      model: 'text-to-audio',
      voice: 'alloy',
      input: 'rain',
      response_format: 'wav',
    });
    expect(
      Buffer.from(await made.arrayBuffer())
        .subarray(0, 4)
        .toString(),
    ).toBe('RIFF');
    expect(made.headers.get('content-type')).toBe('audio/wav');
    expect(latest()).toMatchObject({ pipeline: 'text-to-audio', seconds: 10, controls: { prompt: 'rain' } });
  });

  test.each([
    [
      { strength: 0.4, duration: 1 },
      { pipeline: 'audio-to-audio', initNoiseLevel: 0.4 },
    ],
    [
      { mask_start: 0.01, mask_end: 0.05 },
      { pipeline: 'inpaint', regions: [{ start: 0.01, end: 0.05 }] },
    ],
    [{ extend_after: 1 }, { pipeline: 'outpaint', secondsBefore: 0, secondsAfter: 1 }],
  ])('an edit with %j', async (parameters, expected) => {
    const form = new FormData();
    form.append('prompt', 'cello');
    for (const [name, value] of Object.entries(parameters)) form.append(name, String(value));
    form.append('file', await toFile(silence(), 'riff.wav'));
    const made = await client().post<Response>('/audio/edits', { body: form, __binaryResponse: true });
    expect(isMp3(new Uint8Array(await made.arrayBuffer()))).toBe(true);
    expect(latest()).toMatchObject(expected);
  });

  test('lists models, and names faults', async () => {
    const ids = [];
    for await (const { id } of client().models.list()) ids.push(id);
    expect(ids).toContain('audio-to-audio');
    await expect(client('no').models.list()).rejects.toMatchObject({ status: 401, code: 'unknown_key' });
    const refused = client().audio.speech.create({ model: 'x', voice: 'alloy', input: 'x', response_format: 'pcm' });
    await expect(refused).rejects.toMatchObject({ status: 400, message: expect.stringContaining('response_format') });
  });
});

describe('Stability AI, which has no client on npm', () => {
  const call = (path: string, init: RequestInit = {}) => {
    const headers = { authorization: `Bearer ${running.key}`, ...init.headers };
    return fetch(`${running.url}/v2beta${path}`, { ...init, headers });
  };
  const form = (fields: Record<string, string>, audio = false) => {
    const made = new FormData();
    for (const [name, value] of Object.entries(fields)) made.append(name, value);
    if (audio) made.append('audio', new Blob([silence()]), 'riff.wav');
    return made;
  };

  test.each([
    ['text-to-audio', { prompt: 'rain', duration: '2' }, false, { pipeline: 'text-to-audio', seconds: 2 }],
    ['audio-to-audio', { prompt: 'cello', duration: '1' }, true, { pipeline: 'audio-to-audio', initNoiseLevel: 1 }],
    ['inpaint', { prompt: 'x', mask_start: '0.01', mask_end: '0.05' }, true, { pipeline: 'inpaint' }],
  ])('%s is answered with 202, and its result asked for', async (task, fields, audio, expected) => {
    engine.hold();
    const submitted = await call(`/audio/stable-audio-3/${task}`, {
      method: 'POST',
      body: form({ ...fields, seed: '7' }, audio),
    });
    expect(submitted.status).toBe(202);
    const { id } = (await submitted.json()) as { id: string };
    const waiting = await call(`/audio/results/${id}`);
    expect([waiting.status, await waiting.json()]).toEqual([202, { id, status: 'in-progress' }]);
    engine.release();
    await expect.poll(async () => (await call(`/audio/results/${id}`)).status).toBe(200);
    const bytes = await (await call(`/audio/results/${id}`, { headers: { accept: 'audio/*' } })).arrayBuffer();
    expect(isMp3(new Uint8Array(bytes))).toBe(true);
    const json = await (await call(`/results/${id}`, { headers: { accept: 'application/json' } })).json();
    expect(json).toMatchObject({ finish_reason: 'SUCCESS', seed: 7, audio: Buffer.from(bytes).toString('base64') });
    expect(latest()).toMatchObject(expected);
  });

  test('faults have its form', async () => {
    const refused = await call('/audio/stable-audio-3/text-to-audio', {
      method: 'POST',
      body: form({ duration: 'long' }),
    });
    expect(refused.status).toBe(400);
    expect(await refused.json()).toMatchObject({
      name: 'invalid_parameters',
      errors: [expect.stringMatching(/prompt.*duration/)],
    });
    const bare = await call('/audio/stable-audio-3/audio-to-audio', { method: 'POST', body: form({ prompt: 'x' }) });
    expect(await bare.json()).toMatchObject({ name: 'no_file' });
    expect((await call('/audio/results/00')).status).toBe(404);
  });
});

describe('fal, by its client', () => {
  const client = (credentials = running.key) =>
    createFalClient({
      credentials,
      proxyUrl: { url: `${running.url}/fal/proxy`, when: 'always' },
      retry: { maxRetries: 0 },
    });

  test('a Blob is uploaded and transformed, by way of the queue', async () => {
    const statuses: string[] = [];
    const { data, requestId } = await client().subscribe('fal-ai/stable-audio-3/medium/audio-to-audio', {
      input: { prompt: 'bossa nova', audio_url: new Blob([silence()], { type: 'audio/wav' }), duration: 1, seed: 5 },
      pollInterval: 50,
      onQueueUpdate: ({ status }) => statuses.push(status),
    });
    const { audio, seed } = data as unknown as { audio: { url: string; content_type: string }; seed: number };
    expect({ seed, type: audio.content_type }).toEqual({ seed: 5, type: 'audio/mpeg' });
    expect(requestId).toMatch(/^[0-9a-f]{32}$/);
    expect(statuses.at(-1)).toBe('COMPLETED');
    expect(isMp3(new Uint8Array(await (await fetch(audio.url)).arrayBuffer()))).toBe(true);
    expect(latest()).toMatchObject({ pipeline: 'audio-to-audio', controls: { prompt: 'bossa nova' } });
  });

  test('what waits is cancelled', async () => {
    engine.hold();
    const { queue } = client();
    const endpoint = 'fal-ai/stable-audio-3/small/text-to-audio';
    const { request_id: requestId } = await queue.submit(endpoint, { input: { prompt: 'held', duration: 1 } });
    await expect.poll(async () => (await queue.status(endpoint, { requestId })).status).toBe('IN_PROGRESS');
    await queue.cancel(endpoint, { requestId });
    await expect.poll(async () => (await queue.status(endpoint, { requestId })).status).toBe('COMPLETED');
    await expect(queue.result(endpoint, { requestId })).rejects.toMatchObject({ status: 500 });
    engine.release();
  });

  test('faults reach the client in its form', async () => {
    const submit = (input: object, key?: string) =>
      client(key).queue.submit('fal-ai/stable-audio-3/medium/text-to-audio', { input: input as never });
    await expect(submit({ prompt: 'x', duration: 9999 })).rejects.toMatchObject({
      status: 422,
      body: { detail: [{ type: 'invalid_parameters', msg: expect.stringContaining('duration') }] },
    });
    await expect(submit({ prompt: 'x' }, 'no')).rejects.toMatchObject({ status: 401 });
    await expect(client().queue.submit('fal-ai/flux/dev', { input: { prompt: 'x' } as never })).rejects.toMatchObject({
      status: 404,
    });
  });
});

describe('an announced upload counts as a request of the API', () => {
  const announce = ({ url, key }: Running) =>
    fetch(`${url}/fal/storage/upload/initiate`, {
      method: 'POST',
      headers: { authorization: `Key ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ file_name: 'a.wav', content_type: 'audio/wav' }),
    });
  const settings = { RETONE_DIALECTS: 'fal' };

  test('in the limit of requests, and says when to come again', async () => {
    const limited = await startService({ engine, settings: { ...settings, RETONE_REQUESTS_PER_MINUTE: '1' } });
    try {
      expect((await announce(limited)).status).toBe(200);
      const second = await announce(limited);
      expect([second.status, Number(second.headers.get('retry-after')) > 0]).toEqual([429, true]);
    } finally {
      await limited.close();
    }
  });

  test('in the quota, also of what comes without its size', async () => {
    const small = await startService({ engine, settings: { ...settings, RETONE_QUOTA_GB: '0.001' } });
    try {
      const { upload_url: url } = (await (await announce(small)).json()) as { upload_url: string };
      const put = (bytes: number) => fetch(url, { method: 'PUT', body: new Uint8Array(bytes) });
      expect(await (await put(2_000_000)).json()).toMatchObject({ error_code: 'quota_exceeded' });
      expect((await put(900_000)).status).toBe(200);
      const { upload_url: other } = (await (await announce(small)).json()) as { upload_url: string };
      // In chunks, without a length.
      const body = new ReadableStream({
        start(controller) {
          controller.enqueue(new Uint8Array(200_000));
          controller.close();
        },
      });
      const chunked = await fetch(other, { method: 'PUT', body, duplex: 'half' } as RequestInit);
      expect(await chunked.json()).toMatchObject({ error_code: 'quota_exceeded' });
    } finally {
      await small.close();
    }
  });

  test('without a known key, and in an outage of the database', async () => {
    expect((await announce({ ...running, key: 'unknown' })).status).toBe(401);
    const { key } = await running.newAccount();
    const query = vi
      .spyOn(running.service.database, 'query')
      .mockRejectedValue(new DatabaseError('unreachable', 'the database does not answer'));
    const answer = await announce({ ...running, key });
    query.mockRestore();
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '5']);
  });
});

test('by default there are none', async () => {
  const plain = await startService({ engine });
  try {
    for (const path of [
      '/v1/sound-generation',
      '/v1/audio/speech',
      '/v2beta/audio/stable-audio-3/inpaint',
      '/fal/proxy',
    ]) {
      expect((await fetch(plain.url + path, { method: 'POST' })).status).toBe(404);
    }
  } finally {
    await plain.close();
  }
});
