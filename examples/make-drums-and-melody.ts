// Writes drums.wav (two bars of a drum loop, 4 s) and melody.wav (a tune on a soft mallet, 6.4 s), mono, 44.1 kHz.
// All of it is synthesized, and the same bytes come out every time: node examples/make-drums-and-melody.ts

import { writeFile } from 'node:fs/promises';
import { encodeAudio } from '@retone/audio';
import { noise } from './noise.ts';

const sampleRate = 44100;

/** So many seconds of sound, from a function of the time in seconds. */
function sound(seconds: number, at: (time: number) => number): Float32Array {
  return Float32Array.from({ length: Math.round(seconds * sampleRate) }, (_, i) => at(i / sampleRate));
}

const fall = (time: number, seconds: number) => Math.exp((-6.9 * time) / seconds);

/** A skin that is struck: a tone that drops in pitch, and a click. */
function kick(): Float32Array {
  let phase = 0;
  const click = noise(1);
  return sound(0.4, (time) => {
    phase += (2 * Math.PI * (48 + 140 * Math.exp(-time * 32))) / sampleRate;
    return Math.sin(phase) * fall(time, 0.38) + 0.25 * click() * fall(time, 0.012);
  });
}

/** Wires and a shell. */
function snare(seed: number): Float32Array {
  const random = noise(seed);
  let low = 0;
  return sound(0.28, (time) => {
    const white = random();
    low += 0.35 * (white - low);
    const shell =
      Math.sin(2 * Math.PI * 188 * time) * fall(time, 0.12) +
      0.6 * Math.sin(2 * Math.PI * 331 * time) * fall(time, 0.08);
    return 0.65 * (white - low) * fall(time, 0.24) + 0.55 * shell;
  });
}

/** Two plates: noise without its lows. */
function hat(seed: number, seconds: number): Float32Array {
  const random = noise(seed);
  let [one, two] = [0, 0];
  return sound(seconds, (time) => {
    const white = random();
    one += 0.6 * (white - one);
    two += 0.6 * (white - one - two);
    return (white - one - two) * fall(time, seconds);
  });
}

/** A bar of wood on a tube: its tone, two overtones that are gone sooner, and the knock. */
function mallet(pitch: number, seed: number): Float32Array {
  const knock = noise(seed);
  return sound(1.6, (time) => {
    const tone = (ratio: number, seconds: number) => Math.sin(2 * Math.PI * pitch * ratio * time) * fall(time, seconds);
    const swell = Math.min(1, time / 0.003);
    return swell * (tone(1, 1.5) + 0.28 * tone(3.98, 0.4) + 0.1 * tone(9.2, 0.12) + 0.12 * knock() * fall(time, 0.015));
  });
}

/** Mixes sounds at their times in seconds, brings the loudest sample to -1 dB, and writes the file. */
async function write(name: string, seconds: number, sounds: { sound: Float32Array; time: number; gain: number }[]) {
  const mix = new Float32Array(Math.round(seconds * sampleRate));
  for (const { sound, time, gain } of sounds) {
    const start = Math.round(time * sampleRate);
    for (let i = 0; i < sound.length && start + i < mix.length; i++) mix[start + i]! += sound[i]! * gain;
  }
  const peak = mix.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
  const fade = 0.02 * sampleRate;
  const channel = mix.map((sample, i) => (sample / peak) * 0.89 * Math.min(1, (mix.length - i) / fade));
  await writeFile(new URL(name, import.meta.url), await encodeAudio({ sampleRate, channels: [channel] }, 'wav'));
}

// Sixteenth notes at 120 beats per minute, two bars; what is played at which.
const sixteenth = 0.125;
const kicks = [0, 6, 10, 16, 19, 22, 26];
const snares = [4, 12, 20, 28, 31];
const ghosts = [7, 9, 23];
const drums = [
  ...kicks.map((at) => ({ sound: kick(), time: at * sixteenth, gain: 1 })),
  ...snares.map((at) => ({ sound: snare(at), time: at * sixteenth, gain: at === 31 ? 0.4 : 0.62 })),
  ...ghosts.map((at) => ({ sound: snare(at), time: at * sixteenth, gain: 0.12 })),
  ...Array.from({ length: 32 }, (_, at) => ({
    sound: hat(100 + at, at % 16 === 14 ? 0.22 : 0.06),
    // The second of each pair is late, so that it swings.
    time: (at + (at % 2) * 0.16) * sixteenth,
    gain: at % 4 === 0 ? 0.3 : at % 2 === 0 ? 0.22 : 0.13,
  })),
];

// Eighth notes at 100 beats per minute: MIDI pitch, place, loudness. C major, a question and an answer.
const eighth = 0.3;
const tune: [number, number, number][] = [
  [72, 0, 1],
  [76, 1, 0.7],
  [79, 2, 0.8],
  [84, 3, 0.9],
  [83, 5, 0.7],
  [79, 6, 0.8],
  [76, 7, 0.6],
  [77, 8, 0.9],
  [81, 9, 0.7],
  [79, 10, 0.8],
  [76, 11, 0.7],
  [74, 13, 0.7],
  [71, 14, 0.7],
  [72, 15, 0.9],
  [48, 0, 0.5],
  [55, 4, 0.4],
  [53, 8, 0.5],
  [55, 12, 0.45],
  [48, 15, 0.5],
];
const melody = tune.map(([midi, at, gain]) => ({
  sound: mallet(440 * 2 ** ((midi - 69) / 12), midi + at),
  time: at * eighth,
  gain,
}));

await write('drums.wav', 4, drums);
await write('melody.wav', 6.4, melody);
