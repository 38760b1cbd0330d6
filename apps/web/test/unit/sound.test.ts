import { readFileSync } from 'node:fs';
import { decodeAudio } from '@retone/audio';
import { expect, test } from 'vitest';
import { keyOf } from '../../src/sound/key.ts';
import { seamless } from '../../src/sound/seamless.ts';
import { tempoOf } from '../../src/sound/tempo.ts';
import { wavFile } from '../../src/sound/wav.ts';

const rate = 44_100;

/** Clicks with a decaying tone, one on each beat. */
function clicks(bpm: number, beats: number, first = 0): Float32Array {
  const period = (60 / bpm) * rate;
  const samples = new Float32Array(Math.round(first * rate + beats * period));
  for (let beat = 0; beat < beats; beat++) {
    const start = Math.round(first * rate + beat * period);
    for (let i = 0; i < 4000 && start + i < samples.length; i++) {
      samples[start + i]! += Math.exp(-i / 500) * Math.sin((2 * Math.PI * 900 * i) / rate) * (beat % 4 ? 0.5 : 1);
    }
  }
  return samples;
}

function chord(midi: number[], seconds: number): Float32Array {
  const samples = new Float32Array(seconds * rate);
  for (const pitch of midi) {
    const hertz = 440 * 2 ** ((pitch - 69) / 12);
    for (let i = 0; i < samples.length; i++) samples[i]! += 0.1 * Math.sin((2 * Math.PI * hertz * i) / rate);
  }
  return samples;
}

test.each([72, 93.5, 120, 140])('clicks at %f BPM have that tempo', (bpm) => {
  const tempo = tempoOf(clicks(bpm, 16), rate)!;
  expect(Math.abs(tempo.bpm - bpm)).toBeLessThan(0.6);
  const beat = 60 / bpm;
  const off = tempo.first % beat;
  expect(Math.min(off, beat - off)).toBeLessThan(0.03);
});

test('a first beat that comes late is found', () => {
  expect(tempoOf(clicks(120, 16, 0.2), rate)!.first % 0.5).toBeCloseTo(0.2, 1);
});

test('a steady tone and silence have no tempo', () => {
  expect(tempoOf(chord([69], 4), rate)).toBeUndefined();
  expect(tempoOf(new Float32Array(4 * rate), rate)).toBeUndefined();
});

test.each([
  [[60, 64, 67, 65, 69, 72, 62], 'C major'],
  [[57, 60, 64, 62, 65, 69, 76, 57], 'A minor'],
  [[62, 66, 69, 67, 71, 74, 76], 'D major'],
])('notes %j are in %s', (notes, name) => {
  expect(keyOf(chord(notes, 3), rate)?.name).toBe(name);
});

test('noise has no key', () => {
  const noise = Float32Array.from({ length: 3 * rate }, (_, i) => Math.sin(i * i * 12.9898) * 0.3);
  expect(keyOf(noise, rate)?.name).toBeUndefined();
});

test('the end of a seamless loop joins its beginning', () => {
  const [sound] = [Float32Array.from({ length: 2 * rate }, (_, i) => Math.sin((2 * Math.PI * 331 * i) / rate))];
  const [loop] = seamless([sound!], Math.round(0.3 * rate), Math.round(1.117 * rate), rate);
  const largest = (samples: Float32Array) =>
    samples.reduce((most, value, i) => (i ? Math.max(most, Math.abs(value - samples[i - 1]!)) : most), 0);
  expect(Math.abs(loop!.at(-1)! - loop![0]!)).toBeLessThan(2 * largest(sound!));
  expect(loop!.length).toBe(Math.round(1.117 * rate) - Math.round(0.3 * rate));
});

test.each([16, 24, 32] as const)('a wav file of %i bits holds its samples', async (depth) => {
  const channel = Float32Array.from({ length: 1000 }, (_, i) => Math.sin(i / 9) * 0.9);
  const { channels } = await decodeAudio(new Uint8Array(wavFile([channel], rate, depth)), { name: 'a file' });
  const error = channel.reduce((most, value, i) => Math.max(most, Math.abs(value - channels[0]![i]!)), 0);
  expect(error).toBeLessThanOrEqual(depth === 32 ? 0 : 2 ** (1 - depth));
});

test.each(['riff.wav', 'drums.wav'])('%s has a tempo of whole bars', async (name) => {
  const bytes = readFileSync(new URL(`../../../../examples/${name}`, import.meta.url));
  const { channels, sampleRate } = await decodeAudio(bytes, { name });
  const { bpm } = tempoOf(channels[0]!, sampleRate)!;
  const beats = ((channels[0]!.length / sampleRate) * bpm) / 60;
  expect(Math.abs(beats - Math.round(beats))).toBeLessThan(0.05);
});
