import { findModel } from '@retone/checkpoint';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  audioToAudio,
  channelsOf,
  inpaint,
  loadModel,
  type Model,
  outpaint,
  type Tensor,
  textToAudio,
} from '../src/index.ts';
import { amplify } from '../src/loudness/levels.ts';
import { integratedLoudness } from '../src/loudness/loudness.ts';
import { Stft } from '../src/pretransforms/stft.ts';
import { magnitudes } from './magnitudes.ts';

// A few outer facts of the built-in model; `training/evaluate.py --engine node` measures it in full.

const rate = 44100;
let model: Model;
const loudness = (audio: Tensor) => integratedLoudness(channelsOf(audio), rate);

/** Plucked notes with overtones: one every quarter of a second, a pentatonic walk. */
function recording(seconds: number, { loudness: wanted = -17, seed = 0 } = {}): Tensor {
  const samples = Math.round(seconds * rate);
  const data = new Float32Array(2 * samples);
  const scale = [0, 3, 5, 7, 10, 12, 15, 17];
  const note = Math.round(0.25 * rate);
  for (let i = 0; i < samples; i++) {
    const index = Math.floor(i / note);
    const frequency = 196 * 2 ** (scale[(index * 5 + seed * 3) % scale.length]! / 12);
    const since = (i % note) / rate;
    for (let k = 1; k <= 6; k++)
      data[i]! += (Math.exp(-since * (4 + k)) / k) * Math.sin(2 * Math.PI * frequency * k * since);
    data[samples + i] = data[i]!;
  }
  const audio = { data, shape: [2, samples] };
  amplify(audio, 10 ** ((wanted - loudness(audio)) / 20));
  return audio;
}

const stft = new Stft(2048, 512);
/** Magnitudes of the left channel. */
const left = ({ data, shape }: Tensor) => magnitudes(stft, data.subarray(0, shape[1]!)).values;

/** Spectral centroid in hertz. */
function centroid(audio: Tensor): number {
  const [bins, values] = [stft.bins, left(audio)];
  let [weighted, sum] = [0, 0];
  values.forEach((value, i) => {
    weighted += value * (i % bins) * (rate / 2048);
    sum += value;
  });
  return weighted / sum;
}

/** Correlation of two recordings' log spectrograms. */
function similarity(a: Tensor, b: Tensor): number {
  const [x, y] = [a, b].map((audio) => left(audio).map((value) => Math.log(value + 1e-4))) as [
    Float32Array,
    Float32Array,
  ];
  const mean = (v: Float32Array) => v.reduce((sum, value) => sum + value, 0) / v.length;
  const [mx, my] = [mean(x), mean(y)];
  let [xy, xx, yy] = [0, 0, 0];
  x.forEach((value, i) => {
    xy += (value - mx) * (y[i]! - my);
    xx += (value - mx) ** 2;
    yy += (y[i]! - my) ** 2;
  });
  return xy / Math.sqrt(xx * yy);
}

const peak = (audio: Tensor) => audio.data.reduce((most, value) => Math.max(most, Math.abs(value)), 0);

beforeAll(async () => {
  model = await loadModel(findModel());
});
afterAll(() => model.release());

test('"dark" sounds darker than "bright"', async () => {
  for (const [seed, name] of ['piano', 'strings', 'trumpet', 'synth pad'].entries()) {
    const audio = recording(3, { seed });
    const dark = await audioToAudio(model, { audio, prompt: `dark ${name}`, seed });
    const bright = await audioToAudio(model, { audio, prompt: `bright ${name}`, seed });
    expect(centroid(dark), name).toBeLessThan(centroid(bright));
  }
});

test('the result comes nearer to the source as the noise level falls', async () => {
  const audio = recording(3);
  const similarities: number[] = [];
  for (const initNoiseLevel of [0.9, 0.6, 0.3, 0.1])
    similarities.push(
      similarity(audio, await audioToAudio(model, { audio, prompt: 'flute', initNoiseLevel, seed: 1 })),
    );
  expect(similarities).toEqual(similarities.toSorted((a, b) => a - b));
  expect(similarities.at(-1)).toBeGreaterThan(0.8);
});

describe('loudness', () => {
  test.each([-40, -23, -14, -9])('of a result is that of a source at %i LUFS, and nothing clips', async (wanted) => {
    const audio = recording(3, { loudness: wanted });
    const made = await audioToAudio(model, { audio, prompt: 'strings', seed: 3 });
    // Where peaks are limited a result is a little softer.
    expect(Math.abs(loudness(made) - wanted)).toBeLessThan(wanted > -12 ? 4 : 1.5);
    expect(peak(made)).toBeLessThan(0.99);
  });

  test('of a result without a source is one for playing', async () => {
    const made = await textToAudio(model, { prompt: 'rock drums', seconds: 3, seed: 4 });
    // Drums lose some to the limiter.
    expect(Math.abs(loudness(made) + 17)).toBeLessThan(4);
    expect(peak(made)).toBeLessThan(0.99);
  });

  // The model plays wind instruments softly by itself.
  test.each(['harp', 'a flute answers'])(
    'of regions and continuations with "%s" is that of what surrounds them',
    async (prompt) => {
      const audio = recording(4, { loudness: -30 });
      const between = (made: Tensor, from: number, to: number) =>
        integratedLoudness(channelsOf(made, from * rate, to * rate), rate);
      const filled = await inpaint(model, { audio, regions: [{ start: 1, end: 3 }], prompt, seed: 1 });
      expect(Math.abs(between(filled, 1, 3) + 30)).toBeLessThan(2);
      const continued = await outpaint(model, { audio, secondsBefore: 0, secondsAfter: 2, prompt, seed: 1 });
      expect(Math.abs(between(continued, 4, 6) + 30)).toBeLessThan(2);
    },
  );
});

test.each([
  ['silence', { data: new Float32Array(2 * rate), shape: [2, rate] }],
  ['one sample', { data: Float32Array.of(0.5), shape: [1, 1] }],
  ['a click in silence', { data: new Float32Array(rate).fill(1, 100, 101), shape: [1, rate] }],
])('%s gives finite sound of the same duration', async (_, audio) => {
  const made = await audioToAudio(model, { audio, prompt: 'piano', seed: 6 });
  expect(made.shape).toEqual([2, audio.shape[1]]);
  expect(made.data.every((value) => Number.isFinite(value) && Math.abs(value) <= 1)).toBe(true);
});
