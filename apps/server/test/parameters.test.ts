import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Running, startService } from './service.ts';

// The parameter table of the contract, a test per row.

let running: Running;
beforeAll(async () => {
  running = await startService({
    worker: false,
    settings: { RETONE_QUEUE_LIMIT: '10000', RETONE_REQUESTS_PER_MINUTE: '100000' },
  });
});
afterAll(() => running.close());

const root = '/api/v3/stability-ai/stable-audio-3';
const audio = Buffer.from('as good as a recording here'.repeat(10)).toString('base64');
const required: Record<string, Record<string, unknown>> = {
  'audio-to-audio': { audio, prompt: 'x' },
  'text-to-audio': { prompt: 'x' },
  music: { prompt: 'x' },
  'audio-inpainting': { audio, prompt: 'x' },
  'audio-outpainting': { audio, prompt: 'x' },
};
const all = Object.keys(required);
const withAudio = ['audio-to-audio', 'audio-inpainting', 'audio-outpainting'];

interface Row {
  models: string[];
  good: unknown[];
  bad: unknown[];
  /** undefined: it has none. */
  default?: unknown;
  required?: true;
  /** Needed beside a good value. */
  beside?: Record<string, unknown>;
}

const rows: Record<string, Row> = {
  audio: {
    models: withAudio,
    required: true,
    good: [audio, `data:audio/wav;base64,${audio}`, 'https://example.com/a.wav'],
    bad: ['', 1, ['a'], '*** no base64 ***'],
  },
  prompt: { models: all, required: true, good: ['x', 'Klänge 雨 🎻'], bad: ['', 5, {}, 'a'.repeat(100_000)] },
  negative_prompt: { models: all, good: ['', 'drums'], bad: [3, [], 'a'.repeat(100_000)] },
  duration: {
    models: ['audio-to-audio', 'text-to-audio', 'music'],
    default: 30,
    good: [1, 1.5, 120],
    bad: [0.999, 120.001, -1, Number.POSITIVE_INFINITY, '30', true],
  },
  init_noise_level: {
    models: ['audio-to-audio'],
    default: 0.9,
    good: [0, 0.5, 1],
    bad: [-0.001, 1.001, '0.9'],
  },
  num_inference_steps: { models: all, default: 8, good: [1, 100], bad: [0, 101, 1.5, '8'] },
  guidance_scale: { models: all, default: 1, good: [0, 7.5, 25], bad: [-0.1, 25.1, '1'] },
  output_format: {
    models: all,
    default: 'mp3',
    good: ['mp3', 'wav', 'flac', 'ogg', 'opus', 'm4a', 'aac'],
    bad: ['MP3', 'aiff', '', 3],
  },
  mask_start_seconds: { models: ['audio-inpainting'], default: 0, good: [0, 4.9], bad: [-1, 5, 6, '0'] },
  mask_end_seconds: { models: ['audio-inpainting'], default: 5, good: [0.1, 300], bad: [0, -1, '5'] },
  extend_seconds_before: {
    models: ['audio-outpainting'],
    default: 0,
    // The checkpoint that serves here makes 190 s in all.
    good: [0, 190],
    bad: [-0.1, 190.1, 380, '0'],
  },
  extend_seconds_after: {
    models: ['audio-outpainting'],
    default: 5,
    beside: { extend_seconds_before: 1 },
    good: [0, 190],
    bad: [-0.1, 190.1, 380, '5'],
  },
  seed: { models: all, default: -1, good: [-1, 0, 7, Number.MAX_SAFE_INTEGER], bad: [-2, 1.5, 2 ** 53, '1'] },
  enable_sync_mode: { models: all, default: false, good: [false], bad: ['true', 1] },
  enable_base64_output: { models: all, default: false, good: [true, false], bad: ['true', 1] },
  webhook_url: { models: all, good: ['https://93.184.215.14/hook'], bad: ['no url', 'ftp://example.com', 1] },
};
const cases = Object.entries(rows).flatMap(([name, row]) => row.models.map((model) => ({ name, model, ...row })));

const submit = (model: string, input: unknown) => running.call('POST', `${root}/${model}`, input);
/** JSON.stringify would make null of infinity. */
const submitText = (model: string, text: string) =>
  fetch(`${running.url}${root}/${model}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${running.key}`, 'content-type': 'application/json' },
    body: text,
  }).then(async (response) => ({ status: response.status, body: (await response.json()) as { errors?: unknown[] } }));

test.each(cases)('$name of $model: what is accepted', async ({ name, model, good, beside }) => {
  for (const value of good) {
    const { status, body } = await submit(model, { ...required[model], ...beside, [name]: value });
    expect({ value, status, message: body.message }).toEqual({ value, status: 200, message: 'success' });
  }
});

test.each(cases)('$name of $model: what is refused, and how', async ({ name, model, bad }) => {
  for (const value of bad) {
    const written = value === Infinity ? '1e999' : JSON.stringify(value);
    const text = JSON.stringify({ ...required[model], [name]: '@' }).replace('"@"', () => written);
    const { status, body } = await submitText(model, text);
    expect({ value, status }).toEqual({ value, status: 400 });
    if (name === 'webhook_url' && value === 'ftp://example.com') continue;
    expect(body).toMatchObject({ code: 400, data: null, error_code: 'invalid_parameters' });
    const own = name === 'mask_start_seconds' && (value === 5 || value === 6) ? 'mask_end_seconds' : name;
    expect(body.errors).toEqual([expect.objectContaining({ parameter: own, accepted: expect.stringMatching(/./) })]);
    if (own === name) expect(body.errors![0]).toHaveProperty('given');
  }
});

test.each(cases)('$name of $model: absent', async ({ name, model, required: isRequired, default: fallback }) => {
  const { [name]: _, ...rest } = required[model]!;
  const { status, body } = await submit(model, rest);
  if (isRequired) {
    expect(status).toBe(400);
    expect(body.errors).toEqual([{ parameter: name, accepted: expect.any(String) }]);
    expect(body.message).toContain(`${name} is missing`);
    return;
  }
  expect(status).toBe(200);
  const task = (await running.service.tasks.get(body.data.id))!;
  const delivery = name.startsWith('enable_') || name === 'webhook_url';
  if (!delivery) expect(task.input).toHaveProperty('prompt');
  if (!delivery && fallback !== undefined) expect(task.input).toHaveProperty(name, fallback);
});

test.each(cases)('$name is listed by the catalogue for $model', async ({ name, model, default: fallback, bad }) => {
  const { body } = await running.call('GET', '/api/v3/models');
  const entry = body.data.find((each: { model_id: string }) => each.model_id.endsWith(`/${model}`));
  const schema = entry.api_schema.api_schemas[0].request_schema;
  const property = schema.properties[name];
  expect(property.description).toMatch(/\w/);
  expect(property.default).toEqual(fallback);
  expect(schema['x-order-properties']).toContain(name);
  if (name === 'output_format') expect([...property.enum].sort()).toEqual([...rows.output_format!.good].sort());
  if (name === 'duration') expect(property).toMatchObject({ type: 'number', minimum: 1, maximum: 120 });
  if (name === 'num_inference_steps') expect(property).toMatchObject({ type: 'integer', minimum: 1, maximum: 100 });
  expect(bad).not.toContain(fallback);
});

describe('a request with several faults', () => {
  test('reports all at once: parameter, what was given, what is accepted', async () => {
    const { status, body } = await submit('audio-inpainting', {
      audio,
      mask_start_seconds: 4,
      mask_end_seconds: 3,
      guidance_scale: 99,
      output_format: 'aiff',
    });
    expect(status).toBe(400);
    const named = new Map(body.errors.map((fault: { parameter: string }) => [fault.parameter, fault]));
    expect([...named.keys()].sort()).toEqual(['guidance_scale', 'mask_end_seconds', 'output_format', 'prompt'].sort());
    expect(named.get('guidance_scale')).toEqual({
      parameter: 'guidance_scale',
      given: 99,
      accepted: 'a number from 0 to 25',
    });
    expect(body.message).toContain('guidance_scale must be a number from 0 to 25 (got 99)');
  });

  test('is shown only the beginning of a long value', async () => {
    const { body } = await submit('music', { prompt: 'x'.repeat(50_000) });
    expect(body.errors).toHaveLength(1);
    expect(JSON.stringify(body).length).toBeLessThan(3000);
  });

  test.each(['[]', '"text"', '5', 'null', 'true'])('a body that is %s is refused', async (text) => {
    const { status, body } = await submitText('music', text);
    expect(status).toBe(400);
    expect(body.errors!.length).toBeGreaterThan(0);
  });
});

test('outpainting that adds nothing is refused', async () => {
  const { status, body } = await submit('audio-outpainting', {
    ...required['audio-outpainting'],
    extend_seconds_after: 0,
  });
  expect(status).toBe(400);
  expect(body.errors[0].parameter).toBe('extend_seconds_after');
});

test.each([
  ['music', 'audio', audio],
  ['text-to-audio', 'init_noise_level', 0.5],
  ['audio-to-audio', 'mask_end_seconds', 5],
  ['audio-inpainting', 'duration', 10],
  ['audio-outpainting', 'init_noise_level', 0.5],
])('%s leaves %s out, with a warning', async (model, name, value) => {
  const { status, body } = await submit(model, { ...required[model], [name]: value });
  expect(status).toBe(200);
  expect(body.data.warnings).toEqual([`${name} had no effect: ${model} does not have this parameter`]);
  expect(body.data.input[name] === undefined || name in required[model]!).toBe(true);
});

test.each(cases)('$name of $model: null is as good as absent', async ({ name, model, required: isRequired }) => {
  const { status, body } = await submit(model, { ...required[model], [name]: null });
  expect(status).toBe(isRequired ? 400 : 200);
  if (isRequired) expect(body.errors).toEqual([{ parameter: name, accepted: expect.any(String) }]);
  else if (!name.startsWith('enable_')) expect(body.data.input[name] ?? null).toEqual(rows[name]!.default ?? null);
});

test('a body that names its model and unknown fields is taken; the warning names ten of them', async () => {
  const unknown = Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`x${i}`, i]));
  const { status, body } = await submit('music', {
    prompt: 'x',
    model: 'stability-ai/stable-audio-3/music',
    ...unknown,
  });
  expect(status).toBe(200);
  expect(body.data.warnings).toEqual([expect.stringMatching(/^x0, .*x9 and 4990 more had no effect/)]);
  const quiet = await submit('music', { prompt: 'x', model: 'stability-ai/stable-audio-3/music' });
  expect(quiet.body.data).not.toHaveProperty('warnings');
});

test('adapters may come in the form of the hosted service', async () => {
  const path = 'https://example.com/cello.safetensors';
  const loras = [{ path, scale: 0.7 }, { path, strength: 0.2, scale: null }, { path }];
  const { status, body } = await submit('music', { prompt: 'x', loras });
  expect(status).toBe(200);
  expect(body.data.input.loras.map(({ strength }: { strength: number }) => strength)).toEqual([0.7, 0.2, 1]);
  for (const wrong of [
    [{ path, scale: 11 }],
    [{ path, scale: 1, strength: 2 }],
    [{ scale: 1 }],
    [{ path, scale: 'x' }],
  ]) {
    const refused = await submit('music', { prompt: 'x', loras: wrong });
    expect(refused.status).toBe(400);
    expect(refused.body.message).toContain('each with an id or a path, and a strength (or scale) from -10 to 10');
  }
});
