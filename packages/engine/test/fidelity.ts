import type { Tensor } from '@retone/runtime';
import { generate } from '../src/generate.ts';
import type { Model } from '../src/model.ts';
import type { Spectral } from '../src/pretransforms/spectral.ts';
import { logMel, relativeLevels } from './log-mel.ts';

// How far the results of the built-in model in one precision are from those in another: prompts, recordings and measures.

export const prompts = [
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

export interface Made {
  latents: Tensor;
  audio: Tensor;
}

/** Eight steps of the model's own sampler, with the same noise for each index. */
export async function made(model: Model, index: number): Promise<Made> {
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

/** Levels of the bands that latents describe, and log-mel spectra of the sound with the phases that the decoder makes up for them. */
export function spectra(model: Model, { latents, audio }: Made): { decoded: Float64Array; heard: Float64Array } {
  const pretransform = model.pretransform as Spectral;
  const logs = pretransform.parts(pretransform.decodeFeatures(latents)).main;
  const decoded = relativeLevels(logs.map((log) => Math.exp(2 * log)));
  return { decoded, heard: logMel(audio.data.subarray(0, audio.shape[1]!), model.sampleRate) };
}
