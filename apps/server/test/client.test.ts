import { fileURLToPath } from 'node:url';
import { decodeAudio } from '@retone/audio';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Client } from 'wavespeed';
import { type Running, startService } from './service.ts';

// The hosted service's own npm client, unmodified: it must work here when only its base URL and key change.

const riff = fileURLToPath(new URL('../../../examples/riff.wav', import.meta.url));
const quick = { num_inference_steps: 1, seed: 7 };
let running: Running;
let client: Client;

beforeAll(async () => {
  running = await startService();
  client = new Client(running.key, { baseUrl: running.url });
});
afterAll(() => running.close());

const models = [
  ['audio-to-audio', { prompt: 'bowed cello', duration: 2, init_noise_level: 0.5 }, true, 2],
  ['text-to-audio', { prompt: 'rain on a roof', duration: 1 }, false, 1],
  ['music', { prompt: 'soft piano', duration: 1, negative_prompt: 'drums' }, false, 1],
  ['audio-inpainting', { prompt: 'flute', mask_start_seconds: 1, mask_end_seconds: 2 }, true, 8],
  ['audio-outpainting', { prompt: 'piano', extend_seconds_before: 1, extend_seconds_after: 0 }, true, 9],
] as const;

describe.each(['async', 'sync'])('wavespeed, %s', (mode) => {
  test.each(models)('%s', async (name, input, withAudio, seconds) => {
    const audio = withAudio ? { audio: await client.upload(riff) } : {};
    const { outputs } = await client.run(
      `stability-ai/stable-audio-3/${name}`,
      { ...input, ...audio, ...quick },
      { enableSyncMode: mode === 'sync', pollInterval: 0.2 },
    );
    expect(outputs).toHaveLength(1);
    const response = await fetch(outputs[0] as string);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('audio/mpeg');
    const made = await decodeAudio(new Uint8Array(await response.arrayBuffer()));
    expect(made.channels[0]!.length / made.sampleRate).toBeCloseTo(seconds, 1);
  });
});

test('a task that fails returns its reason to the client', async () => {
  const audio = Buffer.from('This is a letter, and no sound. '.repeat(20)).toString('base64');
  const input = { audio, prompt: 'x', duration: 1 };
  const run = client.run('stability-ai/stable-audio-3/audio-to-audio', input, { pollInterval: 0.2 });
  await expect(run).rejects.toThrow(/not an audio file/);
});
