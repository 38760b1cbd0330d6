import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type AudioClip, decodeAudio } from '@retone/audio';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Workplace } from './retone.ts';
import { logMel } from './similarity.ts';

// Effect of the noise level on a recording of drums, from the command line to the finished file.

const drums = fileURLToPath(new URL('../../../examples/drums.wav', import.meta.url));
const levels = Array.from({ length: 11 }, (_, i) => i / 10);

let place: Workplace;
let source: AudioClip;
const results = new Map<number, AudioClip>();

async function transformed(level: number, name: string, ...options: string[]): Promise<void> {
  const made = await place.retone(
    ...['transform', drums, '-p', 'marimba', '--init-noise-level', `${level}`, '--seed', '3', '-o', name, ...options],
  );
  expect(made.code, made.stderr).toBe(0);
}

beforeAll(async () => {
  place = new Workplace();
  const { channels, sampleRate } = await decodeAudio(drums);
  source = { channels: [channels[0]!, channels.at(-1)!], sampleRate };
  for (const level of levels) {
    await transformed(level, `${level}.wav`);
    results.set(level, await decodeAudio(place.path(`${level}.wav`)));
  }
}, 300_000);
afterAll(() => place.remove());

/** Mean difference of two clips' log-mel energies in decibels. */
function distance(a: AudioClip, b: AudioClip): number {
  const [x, y] = [logMel(a), logMel(b)];
  return ((10 / Math.LN10) * x.reduce((sum, value, i) => sum + Math.abs(value - y[i]!), 0)) / x.length;
}

test('the result moves away from the source as the level rises, from the source itself on', () => {
  const distances = levels.map((level) => distance(source, results.get(level)!));
  expect(distances[0]).toBeLessThan(0.1);
  expect(distances[1]).toBeLessThan(1.5);
  for (const [i, value] of distances.slice(1).entries())
    expect(value, `level ${levels[i + 1]}: ${distances.map((each) => each.toFixed(2))}`).toBeGreaterThan(
      distances[i]! - 0.15,
    );
});

test('nothing is heard at the rate of the hops, and both channels agree below 120 Hz', () => {
  for (const level of [0.3, 0.6, 0.9, 1]) {
    const { channels, sampleRate } = results.get(level)!;
    const [left, right] = channels as [Float32Array, Float32Array];
    const middle = left.map((value, i) => (value + right[i]!) / 2);
    const side = left.map((value, i) => (value - right[i]!) / 2);
    expect(modulation(middle, 86.1328125, sampleRate), `level ${level}`).toBeLessThan(0.06);
    expect(lowPower(side, sampleRate), `level ${level}`).toBeLessThan(0.01 * lowPower(middle, sampleRate) + 1e-8);
  }
});

test('the number of threads changes nothing', async () => {
  for (const threads of ['1', '2']) await transformed(0.6, `threads-${threads}.wav`, '--threads', threads);
  expect(readFileSync(place.path('threads-1.wav')).equals(readFileSync(place.path('threads-2.wav')))).toBe(true);
});

/** Depth of a modulation of what is above 3 kHz or so (the second difference of a signal), against its level in 0.2 s. */
function modulation(signal: Float32Array, hertz: number, sampleRate: number): number {
  const cell = 64;
  const energies = Array.from({ length: Math.floor((signal.length - 2) / cell) }, (_, i) => {
    let sum = 1e-9;
    for (let n = i * cell + 1; n <= (i + 1) * cell; n++) sum += (signal[n - 1]! - 2 * signal[n]! + signal[n + 1]!) ** 2;
    return Math.sqrt(sum);
  });
  const reach = Math.round((0.1 * sampleRate) / cell);
  let [re, im] = [0, 0];
  energies.forEach((energy, i) => {
    const around = energies.slice(Math.max(i - reach, 0), i + reach + 1);
    const relative = energy / (around.reduce((sum, value) => sum + value, 0) / around.length) - 1;
    const angle = (2 * Math.PI * hertz * i * cell) / sampleRate;
    re += relative * Math.cos(angle);
    im += relative * Math.sin(angle);
  });
  return (2 * Math.hypot(re, im)) / energies.length;
}

/** Power below about 60 Hz: six one-pole low-passes. */
function lowPower(signal: Float32Array, sampleRate: number): number {
  const rate = 1 - Math.exp((-2 * Math.PI * 60) / sampleRate);
  const poles = new Float64Array(6);
  let sum = 0;
  for (const value of signal) {
    let next = value;
    for (let i = 0; i < poles.length; i++) {
      poles[i]! += rate * (next - poles[i]!);
      next = poles[i]!;
    }
    sum += next * next;
  }
  return sum / signal.length;
}
