import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findModel } from '@retone/checkpoint';
import type { Tensor } from '@retone/runtime';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { generate } from '../src/generate.ts';
import { Model } from '../src/model.ts';
import { type Precision, precisions } from '../src/precision.ts';
import type { Spectral } from '../src/spectral.ts';
import { Stft } from '../src/stft.ts';

// What 8-bit integers may change on the built-in model: after eight steps of its own sampler with the same noise, at most so much.

const bounds = { balanced: { latents: 0.03, decibels: 0.5 }, fast: { latents: 0.06, decibels: 1 } };

const prompts = [
  'a bowed cello in a cathedral',
  'distorted electric guitar',
  'a soft synthesizer pad',
  'a tight funk drum loop',
  'rain and thunder',
  'a slow dark choir',
  'solo piano, close and dry',
  'acid bass line',
  'a brass band in a street',
  'music box',
  'orchestral strings, dramatic',
  'lo-fi hip hop beat',
  'flute over a drone',
  'heavy metal riff',
  'marimba and shakers',
  'church organ',
  'glitchy electronic percussion',
  'acoustic guitar, fingerpicked',
  'wind in the trees',
  'an old radio, crackling',
];
const seconds = 2.5;

let cache: string;
let models: Record<Precision, Model>;

beforeAll(async () => {
  cache = mkdtempSync(join(tmpdir(), 'retone-precision-'));
  process.env.RETONE_CACHE = cache;
  const [exact, balanced, fast] = [
    await Model.load(findModel()),
    await Model.load(findModel(), { precision: 'balanced' }),
    await Model.load(findModel(), { precision: 'fast' }),
  ];
  models = { exact, balanced, fast };
});

afterAll(async () => {
  for (const precision of precisions) await models[precision].release();
  rmSync(cache, { recursive: true });
});

/** A melody of decaying tones, another one for each index, with a burst of noise on every beat of some. */
function recording(index: number, rate: number): Tensor {
  const samples = seconds * rate;
  const data = new Float32Array(2 * samples);
  let state = index + 1;
  for (let i = 0; i < samples; i++) {
    const t = i / rate;
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const note = 110 * 2 ** (((index * 5 + Math.floor(t * 4) * 7) % 24) / 12);
    const tone = Math.sin(2 * Math.PI * note * t) + 0.4 * Math.sin(4 * Math.PI * note * t);
    const beat = index % 3 === 0 ? Math.exp(-20 * (t % 0.25)) * (state / 2 ** 31 - 1) : 0;
    data[i] = data[samples + i] = 0.4 * Math.exp(-2 * (t % 0.5)) * tone + 0.3 * beat;
  }
  return { data, shape: [2, samples] };
}

interface Made {
  latents: Tensor;
  audio: Tensor;
}

async function made(model: Model, index: number): Promise<Made> {
  let latents: Tensor = { data: new Float32Array(0), shape: [0, 0] };
  const audio = await generate(model, {
    source: recording(index, model.sampleRate),
    initNoiseLevel: 0.9,
    seconds,
    prompt: prompts[index]!,
    seed: index,
    steps: 8,
    inspect(name, value) {
      if (name === 'latents') latents = { data: Float32Array.from(value.data), shape: value.shape };
    },
  });
  return { latents, audio };
}

function relativeError(a: Float32Array, b: Float32Array): number {
  let [error, size] = [0, 0];
  for (let i = 0; i < a.length; i++) {
    error += (a[i]! - b[i]!) ** 2;
    size += b[i]! ** 2;
  }
  return Math.sqrt(error / size);
}

const stft = new Stft(2048, 512);
const bandCount = 64;

/** Magnitudes [frames, bins] as power in mel bands, in decibels, down to 60 below the loudest: softer ones are near the floor of the model. */
function logMel(magnitudes: Float32Array, rate: number): Float64Array {
  const mel = (hertz: number) => Math.log10(1 + hertz / 700);
  const power = new Float64Array((magnitudes.length / stft.bins) * bandCount);
  for (let i = 0; i < magnitudes.length; i++) {
    const bin = i % stft.bins;
    const band = Math.floor((mel((bin * rate) / stft.size) / mel(rate / 2)) * (bandCount - 1e-9));
    power[Math.floor(i / stft.bins) * bandCount + band]! += magnitudes[i]! ** 2;
  }
  const loudest = power.reduce((most, value) => Math.max(most, value), 1e-20);
  return power.map((value) => 10 * Math.log10(Math.max(value / loudest, 1e-6)));
}

function meanDifference(a: Float64Array, b: Float64Array): number {
  return a.reduce((sum, value, i) => sum + Math.abs(value - b[i]!), 0) / a.length;
}

/** Log-mel spectra of what latents say, and of the sound with the phases that the decoder makes up for them. */
function spectra(model: Model, { latents, audio }: Made): { decoded: Float64Array; heard: Float64Array } {
  const pretransform = model.pretransform as Spectral;
  const decoded = pretransform.magnitudes(pretransform.decodeFeatures(latents)).data;
  const samples = Math.floor(audio.shape[1]! / stft.hop) * stft.hop;
  const { real, imaginary } = stft.forward(audio.data.slice(0, samples));
  const heard = real.map((value, i) => Math.hypot(value, imaginary[i]!));
  return { decoded: logMel(decoded, model.sampleRate), heard: logMel(heard, model.sampleRate) };
}

test('8-bit tiers stay within their bounds on 20 prompts and recordings', { timeout: 300_000 }, async () => {
  const none = () => ({ latents: 0, decoded: 0, meanHeard: 0 });
  const found = { balanced: none(), fast: none() };
  for (const index of prompts.keys()) {
    const exact = await made(models.exact, index);
    const reference = spectra(models.exact, exact);
    for (const precision of ['balanced', 'fast'] as const) {
      const result = await made(models[precision], index);
      const { decoded, heard } = spectra(models[precision], result);
      const measures = found[precision];
      measures.latents = Math.max(measures.latents, relativeError(result.latents.data, exact.latents.data));
      measures.decoded = Math.max(measures.decoded, meanDifference(decoded, reference.decoded));
      measures.meanHeard += meanDifference(heard, reference.heard) / prompts.length;
    }
  }
  console.log('largest errors of 20, and the mean of what is heard in dB:', found);
  for (const precision of ['balanced', 'fast'] as const) {
    expect(models[precision].precision).toBe(precision);
    expect(found[precision].latents).toBeLessThan(bounds[precision].latents);
    expect(found[precision].decoded).toBeLessThan(bounds[precision].decibels);
    // Phases are made up by an iteration in which small differences grow: 0.1 % of noise in latents comes to 0.1-0.5 dB.
    expect(found[precision].meanHeard).toBeLessThan(bounds[precision].decibels);
    // What is the same to the last bit was not computed in integers.
    expect(found[precision].latents).toBeGreaterThan(1e-4);
  }
});
