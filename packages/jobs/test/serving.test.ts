import { cpSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findModel } from '@retone/checkpoint';
import { checkInput, modelOf } from '@retone/contract';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { Serving } from '../src/index.ts';

const music = 'stability-ai/stable-audio-3/music';
let place: string;
let path: string;

beforeAll(() => {
  place = mkdtempSync(join(tmpdir(), 'retone-serving-'));
  path = join(place, 'serving.json');
  vi.stubEnv('RETONE_MODELS', join(place, 'models'));
  install('medium', { sample_size: 380 * 44100, objective: 'rf_denoiser' });
  install('base', { sample_size: 120 * 44100, objective: 'rectified_flow' });
});
beforeEach(() => write({ music: 'medium', 'text-to-audio': { model: 'base', steps: 40, sampler: 'rk4' } }, 1));
afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(place, { recursive: true });
});

function install(name: string, { sample_size, objective }: { sample_size: number; objective: string }): void {
  const folder = join(place, 'models', name);
  cpSync(findModel(), folder, { recursive: true });
  const config = JSON.parse(readFileSync(join(folder, 'model_config.json'), 'utf8'));
  delete config.sampling_defaults;
  config.model.diffusion.diffusion_objective = objective;
  writeFileSync(join(folder, 'model_config.json'), JSON.stringify({ ...config, sample_size }));
}

/** Writes the file, and has it changed at a moment that it chooses. */
function write(content: unknown, second: number): void {
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  utimesSync(path, second, second);
}

test('limits and defaults are those of the checkpoint, unless the file says otherwise', () => {
  const serving = new Serving({ path });
  expect(serving.of(music)).toMatchObject({
    folder: join(place, 'models', 'medium'),
    limits: { totalSeconds: 380, maxSeconds: 380, steps: 8, guidanceScale: 1 },
    sampler: undefined,
  });
  expect(serving.of('stability-ai/stable-audio-3/text-to-audio')).toMatchObject({
    limits: { maxSeconds: 120, steps: 40, guidanceScale: 7 },
    sampler: 'rk4',
  });
  expect(serving.of('stability-ai/stable-audio-3/audio-to-audio')).toMatchObject({
    folder: findModel(),
    limits: { maxSeconds: 120, steps: 8, guidanceScale: 1 },
  });
});

test('requests are checked by them and filled in with them', () => {
  const { limits } = new Serving({ path }).of(music);
  const model = modelOf(music, limits);
  expect(checkInput(model, { prompt: 'x', duration: 380 })).toMatchObject({ input: { duration: 380 } });
  expect(checkInput(model, { prompt: 'x', duration: 381 })).toMatchObject({
    faults: [{ parameter: 'duration', accepted: 'a number from 1 to 380' }],
  });
  const base = modelOf(music, { totalSeconds: 380, maxSeconds: 11, steps: 50, guidanceScale: 7 });
  expect(checkInput(base, { prompt: 'x' })).toMatchObject({
    input: { duration: 11, num_inference_steps: 50, guidance_scale: 7 },
  });
});

test('the file is read again when it changes; one that cannot be used changes nothing', () => {
  const onError = vi.fn();
  const serving = new Serving({ path, onError });
  write({ music: 'base' }, 2);
  expect(serving.of(music).folder).toBe(join(place, 'models', 'base'));
  write('{', 3);
  expect(serving.of(music).folder).toBe(join(place, 'models', 'base'));
  expect(onError).toHaveBeenCalledTimes(1);
  write({ music: 'medium' }, 4);
  expect(serving.of(music).folder).toBe(join(place, 'models', 'medium'));
});

test.each([
  ['{', /cannot be read: /],
  [{ musik: 'medium' }, /is wrong at .*musik.*; for each of audio-to-audio, text-to-audio, music, /],
  [{ music: { model: 'medium', steps: 0 } }, /is wrong at music/],
])('a file that says %j is refused at the start', (content, message) => {
  write(content, 5);
  expect(() => new Serving({ path })).toThrow(message);
});

test('a model that is not installed is an error that names those that are', () => {
  write({ music: 'nothing' }, 6);
  expect(() => new Serving({ path }).of(music)).toThrow(/there is no model "nothing"; installed: .*medium/);
});
