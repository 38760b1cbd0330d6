import { cpSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeAudio } from '@retone/audio';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { fixturesMissing, tinySmall } from '../../../packages/engine/fixtures/fixtures.ts';
import { type Running, startService } from './service.ts';

const lora = `${tinySmall}/lora/lora.safetensors`;
const at = (name: string) => `/api/v3/stability-ai/stable-audio-3/${name}`;

describe.skipIf(fixturesMissing)('several models and adapters, with engines', () => {
  let place: string;
  let running: Running;
  let host: Server;
  const log: { model?: string; message: string }[] = [];

  beforeAll(async () => {
    place = mkdtempSync(join(tmpdir(), 'retone-models-'));
    vi.stubEnv('RETONE_MODELS', join(place, 'models'));
    vi.stubEnv('RETONE_CACHE', join(place, 'cache'));
    // Three checkpoints of one shape, so that adapters fit each; the third reads durations differently.
    for (const name of ['one', 'two', 'three']) cpSync(tinySmall, join(place, 'models', name), { recursive: true });
    mkdirSync(join(place, 'models', 'adapters'));
    cpSync(lora, join(place, 'models', 'adapters', 'house-style.safetensors'));
    const config = join(place, 'models', 'three', 'model_config.json');
    const json = JSON.parse(readFileSync(config, 'utf8'));
    rmSync(config);
    json.model.conditioning.configs.find((each: { type: string }) => each.type === 'number').config.max_val = 30;
    writeFileSync(config, JSON.stringify({ ...json, sample_size: 200 * 44100, sampling_defaults: { steps: 2 } }));
    const words = { known: ['a', 'cello', 'harp', 'no', 'drums'], ignored: ['a', 'with'], nearest: { harp: ['lyre'] } };
    writeFileSync(join(place, 'models', 'three', 'words.json'), JSON.stringify(words));
    const serving = { 'audio-to-audio': 'one', 'text-to-audio': 'two', music: 'three' };
    writeFileSync(join(place, 'serving.json'), JSON.stringify(serving));
    const { port } = await listen();
    const note = (fields: { model?: string }, message: string) => log.push({ ...fields, message });
    running = await startService({
      settings: {
        RETONE_SERVING: join(place, 'serving.json'),
        RETONE_MEMORY_GB: '1.1',
        RETONE_ALLOW_HOSTS: `127.0.0.1:${port}`,
      },
      events: { info: note, warn: note, error: note },
    });
  });
  afterAll(async () => {
    await running?.close();
    host?.close();
    vi.unstubAllEnvs();
    rmSync(place, { recursive: true, force: true });
  });

  async function listen(): Promise<AddressInfo> {
    host = createServer((request, response) => {
      if (request.url === '/lora.safetensors') response.end(readFileSync(lora));
      else if (request.url === '/page.html') response.end('<html>an adapter, soon</html>');
      else response.writeHead(404).end();
    });
    await new Promise<void>((resolve) => host.listen(0, '127.0.0.1', resolve));
    return host.address() as AddressInfo;
  }

  /** Makes a second of sound, and gives its task and its bytes. */
  async function make(name: string, body: object = {}) {
    const input = { prompt: 'a cello', duration: 1, num_inference_steps: 1, seed: 1, output_format: 'wav' };
    const { body: answer } = await running.call('POST', at(name), { ...input, enable_sync_mode: true, ...body });
    const bytes = answer.data?.outputs?.[0] && Buffer.from(await (await fetch(answer.data.outputs[0])).arrayBuffer());
    // The file names its prompt, so that only the sound of two prompts can be the same.
    const sound = bytes && Buffer.from((await decodeAudio(bytes)).channels[0]!.buffer);
    return { answer, task: answer.data, bytes, sound };
  }

  test('three models are served with memory for two; the log records loads and unloads', async () => {
    log.length = 0;
    const made: Buffer[] = [];
    const withAdapter = { loras: [{ path: 'house-style' }] };
    for (const [name, more] of [
      ['text-to-audio'],
      ['music'],
      ['music', withAdapter],
      ['text-to-audio'],
      ['music'],
    ] as const) {
      const { task, bytes } = await make(name, more);
      expect(task).toMatchObject({ status: 'completed', error: '' });
      made.push(bytes);
    }
    const [two, three, adapted, twoAgain, threeAgain] = made as [Buffer, Buffer, Buffer, Buffer, Buffer];
    expect(twoAgain.equals(two) && threeAgain.equals(three)).toBe(true);
    expect(three.equals(two) || three.equals(adapted)).toBe(false);
    const events = log
      .filter(({ message }) => message.startsWith('model '))
      .map(({ model, message }) => `${message} ${model}`);
    const style = 'three + house-style.safetensors:1';
    expect(events).toEqual([
      'model loaded two',
      'model evicted one',
      'model loaded three',
      'model evicted two',
      `model loaded ${style}`,
      'model evicted three',
      'model loaded two',
      `model evicted ${style}`,
      'model loaded three',
    ]);
  });

  test('limits and defaults are those of the checkpoint', async () => {
    const { body } = await running.call('GET', '/api/v3/models');
    const properties = (name: string) =>
      body.data.find((each: { model_id: string }) => each.model_id.endsWith(`/${name}`)).api_schema.api_schemas[0]
        .request_schema.properties;
    expect(properties('music').duration.maximum).toBe(200);
    expect(properties('music').num_inference_steps.default).toBe(2);
    expect(properties('text-to-audio').duration.maximum).toBe(120);
    expect((await make('text-to-audio', { duration: 121 })).answer.message).toMatch(/duration.*from 1 to 120/);
    const { task } = await make('music', { num_inference_steps: undefined });
    expect(task.input.num_inference_steps).toBe(2);
  });

  test('adapters belong to the account that uploaded them', async () => {
    const form = new FormData();
    form.set('file', new Blob([readFileSync(lora)]), 'cello.safetensors');
    const upload = await fetch(`${running.url}/api/v3/adapters`, {
      method: 'POST',
      headers: { authorization: `Bearer ${running.key}` },
      body: form,
    });
    const { data } = (await upload.json()) as { data: { id: string } };
    expect(data).toMatchObject({ name: 'cello.safetensors', size: readFileSync(lora).length });
    expect((await running.call('GET', '/api/v3/adapters')).body.data).toEqual([data]);
    const other = await running.newAccount();
    expect((await other.call('GET', '/api/v3/adapters')).body.data).toEqual([]);
    expect((await other.call('DELETE', `/api/v3/adapters/${data.id}`)).status).toBe(404);

    const plain = await make('text-to-audio');
    const adapted = await make('text-to-audio', { loras: [{ id: data.id, strength: 0.8 }] });
    expect(adapted.task.status).toBe('completed');
    expect(adapted.bytes.equals(plain.bytes)).toBe(false);
    const foreign = await other.call('POST', at('text-to-audio'), {
      prompt: 'x',
      loras: [{ id: data.id }],
      enable_sync_mode: true,
    });
    expect(foreign.body.data).toMatchObject({
      status: 'failed',
      error: `there is no adapter with the id "${data.id}"`,
    });

    expect((await running.call('DELETE', `/api/v3/adapters/${data.id}`)).body.data.status).toBe('deleted');
    expect((await running.call('GET', '/api/v3/adapters')).body.data).toEqual([]);
  });

  test('adapters come by URL or by the name of an installed one; the same file gives the same sound', async () => {
    const { port } = host.address() as AddressInfo;
    const byUrl = await make('text-to-audio', { loras: [{ path: `http://127.0.0.1:${port}/lora.safetensors` }] });
    const byName = await make('text-to-audio', { loras: [{ path: 'house-style' }] });
    expect(byName.task.error).toBe('');
    expect(byUrl.bytes.equals(byName.bytes)).toBe(true);
    const none = await make('text-to-audio', { loras: [{ path: `http://127.0.0.1:${port}/page.html` }] });
    expect(none.task.error).toMatch(/^the adapter is a web page/);
    const gone = await make('text-to-audio', { loras: [{ path: `http://127.0.0.1:${port}/gone` }] });
    expect(gone.task.error).toBe("the adapter's URL answers 404 instead of a file");
  });

  test.each([
    [[{ path: '/etc/passwd' }], /no adapter "\/etc\/passwd" installed here/],
    [[{ path: '../../models/one/model.safetensors' }], /no adapter "\.\.\/\.\.\/models/],
    [[{ path: 'http://169.254.169.254/x' }], /169\.254\.169\.254/],
  ])('adapters never name a file of the server or of its network: %j', async (loras, error) => {
    expect((await make('text-to-audio', { loras })).task).toMatchObject({
      status: 'failed',
      error: expect.stringMatching(error),
    });
  });

  test.each([
    [[{}]],
    [[{ id: 'a', path: 'b' }]],
    [[{ id: 'a', strength: 99 }]],
    ['cello'],
    [Array(5).fill({ id: 'a' })],
  ])('loras are checked before anything is done: %j', async (loras) => {
    const { answer } = await make('text-to-audio', { loras });
    expect(answer.code).toBe(400);
    expect(answer.message).toMatch(
      /loras.*(takes either id or path|a list of at most 4 adapters, each with an id or a path)/,
    );
  });

  test('a file that is not an adapter is refused when it is uploaded', async () => {
    const form = new FormData();
    form.set('file', new Blob(['x'.repeat(100)]), 'x.safetensors');
    const headers = { authorization: `Bearer ${running.key}` };
    const answer = await fetch(`${running.url}/api/v3/adapters`, { method: 'POST', headers, body: form });
    expect(answer.status).toBe(400);
    expect(((await answer.json()) as { message: string }).message).toMatch(
      /^file: the adapter is not a safetensors file/,
    );
  });

  test('the result reports a prompt that was cut', async () => {
    const { task } = await make('text-to-audio', { prompt: 'a cello and a flute '.repeat(200) });
    expect(task.warnings).toEqual([
      expect.stringMatching(/^the prompt has \d+ tokens, and the model reads the first \d+/),
    ]);
  });

  test('words that the model does not know have no effect, and the result says so', async () => {
    const unknown = await make('music', { prompt: 'Qwertz, a lyre with no drums', guidance_scale: 1 });
    expect(unknown.task.warnings).toEqual([
      'the model does not know the words: Qwertz; the prompt is read without them',
      'in the prompt, the model reads "lyre" as "harp"',
      'the model has not learnt to leave things out by "no" or "without": drums is left out of the prompt',
    ]);
    const known = await make('music', { prompt: 'harp', guidance_scale: 1 });
    expect(known.task.warnings).toBeUndefined();
    expect(known.sound!.equals(unknown.sound!)).toBe(true);
  });

  test('what a prompt asks to leave out is in the negative prompt where there is guidance', async () => {
    const steered = { num_inference_steps: 2, guidance_scale: 4 };
    const asked = await make('music', { ...steered, prompt: 'a cello, no drums', negative_prompt: 'no harp, qwertz' });
    expect(asked.task.warnings).toEqual([
      'the model does not know the words: qwertz; the negative prompt is read without them',
      expect.stringMatching(/drums is left out of the prompt, and is in the negative prompt instead$/),
    ]);
    const same = await make('music', { ...steered, prompt: 'a cello', negative_prompt: 'harp, drums' });
    const plain = await make('music', { ...steered, prompt: 'a cello' });
    expect(asked.sound!.equals(same.sound!)).toBe(true);
    expect(asked.sound!.equals(plain.sound!)).toBe(false);
  });

  test('a model whose folder does not name its words reads every word', async () => {
    const { task } = await make('text-to-audio', { prompt: 'Qwertz, a lyre with no drums' });
    expect(task.warnings).toBeUndefined();
  });

  test('with an adapter, which may have been trained on any word, every word is read', async () => {
    const { task } = await make('music', { prompt: 'Qwertz', loras: [{ path: 'house-style' }] });
    expect(task.warnings).toBeUndefined();
  });

  test('a model that is replaced on disk serves the next task as it is then', async () => {
    const before = await make('text-to-audio');
    log.length = 0;
    const [file, other] = ['model.safetensors', 'other'].map((name) => join(place, 'models', 'two', name));
    const weights = readFileSync(file!);
    writeFileSync(other!, withoutTensor(weights, 'model.model.transformer.memory_tokens'));
    renameSync(other!, file!);
    const after = await make('text-to-audio');
    expect(after.task.status).toBe('completed');
    expect(after.bytes.equals(before.bytes)).toBe(false);
    const events = log.map(({ model, message }) => `${message} ${model}`);
    // With adapters it was another model, which is put away too if it was loaded.
    expect(events.filter((event) => /^model .* two$/.test(event))).toEqual(['model outdated two', 'model loaded two']);
  });
});

/** The bytes of a safetensors file with zeros in place of a tensor. */
function withoutTensor(file: Buffer, name: string): Buffer {
  const start = 8 + Number(file.readBigUInt64LE());
  const [from, to] = JSON.parse(file.toString('utf8', 8, start))[name].data_offsets as [number, number];
  return file.fill(0, start + from, start + to);
}
