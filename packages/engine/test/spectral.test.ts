import { readFileSync } from 'node:fs';
import type { SpectralConfig, Weights } from '@retone/checkpoint';
import type { Tensor } from '@retone/runtime';
import { describe, expect, test } from 'vitest';
import { Spectral } from '../src/pretransforms/spectral.ts';

// The pretransform of the built-in model without its linear map: latents are the features themselves.

interface Recorded {
  name: string;
  config: SpectralConfig;
  features: number[];
  featureStep: number;
  audio: number[];
  audioStep: number;
}

const { cases } = JSON.parse(readFileSync(new URL('spectral-decoder.json', import.meta.url), 'utf8')) as {
  cases: Recorded[];
};
const rate = 44100;

function pretransform(config: SpectralConfig): Spectral {
  const size = config.latent_dim;
  const identity = Float32Array.from({ length: size * size }, (_, i) => (i % (size + 1) === 0 ? 1 : 0));
  const values = (name: string) => (name.endsWith('mean') ? new Float32Array(size) : identity);
  return new Spectral(config, rate, { values, assertComplete() {} } as unknown as Weights, 'pretransform');
}

const made = cases.map(({ name, config }) => ({ name, spectral: pretransform(config) }));

/** Uniform noise from -1 to 1, the same for every start. */
function noise(start = 1): () => number {
  let state = start;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  };
}

/** Stereo audio of a function of the sample's index. */
function stereo(seconds: number, left: (i: number) => number, right = left): Tensor {
  const samples = Math.round(seconds * rate);
  const data = new Float32Array(2 * samples);
  for (let i = 0; i < samples; i++) {
    data[i] = left(i);
    data[samples + i] = right(i);
  }
  return { data, shape: [2, samples] };
}

async function roundTrip(spectral: Spectral, audio: Tensor): Promise<{ left: Float32Array; right: Float32Array }> {
  const { data, shape } = await spectral.decode(await spectral.encode(audio));
  const samples = audio.shape[1]!;
  return { left: data.slice(0, samples), right: data.slice(shape[1]!, shape[1]! + samples) };
}

const power = (signal: Float32Array) => signal.reduce((sum, value) => sum + value * value, 0) / signal.length;
const decibels = (ratio: number) => 10 * Math.log10(ratio);

/** Depth of a modulation of a signal's power, 1 for a full one. */
function modulation(signal: Float32Array, frequency: number): number {
  let [re, im, sum] = [0, 0, 0];
  signal.forEach((value, i) => {
    const angle = (2 * Math.PI * frequency * i) / rate;
    re += value * value * Math.cos(angle);
    im += value * value * Math.sin(angle);
    sum += value * value;
  });
  return (2 * Math.hypot(re, im)) / sum;
}

/** Frequency of the strongest component between two, in steps of a cent. */
function strongest(signal: Float32Array, low: number, high: number): number {
  let best = { frequency: low, power: 0 };
  for (let frequency = low; frequency <= high; frequency *= 2 ** (1 / 1200)) {
    let [re, im] = [0, 0];
    const step = (2 * Math.PI * frequency) / rate;
    for (let i = 0; i < signal.length; i += 16) {
      const window = Math.sin((Math.PI * i) / signal.length) ** 2;
      re += window * signal[i]! * Math.cos(step * i);
      im += window * signal[i]! * Math.sin(step * i);
    }
    if (re * re + im * im > best.power) best = { frequency, power: re * re + im * im };
  }
  return best.frequency;
}

test.each(cases)('features and sound are those of the Python twin ($name)', async (recorded) => {
  const spectral = pretransform(recorded.config);
  const random = noise();
  const samples = Float32Array.from({ length: 30000 }, (_, i) => 0.3 * random() * (i % 9000 < 3000 ? 1 : 0));
  const channel = (c: number) => (i: number) => {
    const t = i / rate;
    const sine = (frequency: number, phase = 0) => Math.sin(2 * Math.PI * frequency * t + phase);
    const tones = 0.35 * sine(220 + 55 * c) + 0.2 * sine(1059 + 17 * c, 0.5 * c);
    return tones + 0.1 * sine(3) * sine(5000 + 100 * c) + samples[i]!;
  };
  const latents = await spectral.encode(stereo(30000 / rate, channel(0), channel(1)));
  const [size, frames] = latents.shape as [number, number];
  recorded.features.forEach((value, n) => {
    const at = n * recorded.featureStep;
    expect(latents.data[(at % size) * frames + Math.floor(at / size)]!).toBeCloseTo(value, 2);
  });
  const { data } = await spectral.decode(latents);
  const error = recorded.audio.reduce((sum, value, n) => sum + (data[n * recorded.audioStep]! - value) ** 2, 0);
  const size2 = recorded.audio.reduce((sum, value) => sum + value ** 2, 0);
  expect(decibels(error / size2)).toBeLessThan(-30);
});

describe.each(made)('after encoding and decoding with $name', ({ spectral }) => {
  test('noise does not buzz at the rate of the hops', async () => {
    const random = noise();
    const source = stereo(4, () => 0.3 * random());
    const { left } = await roundTrip(spectral, source);
    expect(modulation(left, rate / 512)).toBeLessThan(0.03);
    expect(Math.abs(decibels(power(left) / power(source.data)))).toBeLessThan(1);
  });

  test('a burst of noise starts when it did, and nothing sounds before it', async () => {
    const random = noise();
    const start = Math.round(0.8 * rate);
    const { left } = await roundTrip(
      spectral,
      stereo(1.6, (i) => (i < start ? 0 : 0.5 * random() * Math.exp((start - i) / 4000))),
    );
    const during = power(left.subarray(start, start + 512));
    const before = power(left.subarray(start - 2048, start - 512));
    expect(decibels(before / during)).toBeLessThan(-50);
    expect(Math.abs(decibels(during / (0.25 / 3)))).toBeLessThan(3);
  });

  test('a steady chord keeps its pitches and does not flutter', async () => {
    const pitches = [220, 554.37, 1318.5, 3520];
    const { left } = await roundTrip(
      spectral,
      stereo(3, (i) => 0.1 * pitches.reduce((sum, hertz) => sum + Math.sin((2 * Math.PI * hertz * i) / rate), 0)),
    );
    const middle = left.subarray(rate / 2, 2.5 * rate);
    expect(modulation(middle, rate / 512)).toBeLessThan(0.03);
    for (const hertz of pitches)
      expect(Math.abs(1200 * Math.log2(strongest(middle, 0.98 * hertz, 1.02 * hertz) / hertz))).toBeLessThan(8);
  });

  test('bass is mono, and no channel plays against the other', async () => {
    const bass = (i: number) => 0.4 * Math.sin((2 * Math.PI * 60 * i) / rate);
    const low = await roundTrip(
      spectral,
      stereo(2, bass, (i) => -bass(i)),
    );
    const side = (pair: typeof low) => pair.left.map((value, i) => (value - pair.right[i]!) / 2);
    const middle = (pair: typeof low) => pair.left.map((value, i) => (value + pair.right[i]!) / 2);
    expect(decibels(power(side(low)) / power(middle(low)))).toBeLessThan(-30);
    const random = noise();
    const samples = Float32Array.from({ length: 2 * rate }, () => 0.3 * random());
    const wide = await roundTrip(
      spectral,
      stereo(
        2,
        (i) => samples[i]!,
        (i) => -samples[i]!,
      ),
    );
    const both = (power(wide.left) + power(wide.right)) / 2;
    expect(decibels(power(middle(wide)) / both)).toBeGreaterThan(-3.5);
  });

  test('silence stays silent, and the same latents give the same samples', async () => {
    const silent = await roundTrip(
      spectral,
      stereo(0.5, () => 0),
    );
    expect(Math.max(...silent.left.map(Math.abs))).toBeLessThan(1e-4);
    const random = noise();
    const latents = await spectral.encode(stereo(0.5, () => 0.3 * random()));
    expect((await spectral.decode(latents)).data).toEqual((await spectral.decode(latents)).data);
  });
});

test('a longer window resolves the harmonics of the lowest notes', async () => {
  const { spectral } = made.find(({ name }) => name === 'two windows')!;
  const pitch = 41.203;
  const harmonics = Array.from({ length: 8 }, (_, k) => k + 1);
  const { left } = await roundTrip(
    spectral,
    stereo(4, (i) => harmonics.reduce((sum, k) => sum + (0.2 / k) * Math.sin((2 * Math.PI * pitch * k * i) / rate), 0)),
  );
  const middle = left.subarray(rate, 3 * rate);
  for (const k of harmonics)
    expect(
      Math.abs(1200 * Math.log2(strongest(middle, 0.97 * pitch * k, 1.03 * pitch * k) / (pitch * k))),
    ).toBeLessThan(10);
});
