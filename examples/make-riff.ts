// Writes riff.wav: four bars of a plucked riff in E minor over a bass line, 8 s, stereo, 44.1 kHz.
// All of it is synthesized, and the same bytes come out every time: node examples/make-riff.ts

import { writeFile } from 'node:fs/promises';
import { encodeAudio } from '@retone/audio';
import { noise } from './noise.ts';

const sampleRate = 44100;
const beat = 0.5; // seconds, 120 beats per minute
const bars = 4;
const length = bars * 4 * beat * sampleRate;

interface Note {
  /** Hz. */
  pitch: number;
  /** 0 (dull) to 1 (bright): how hard the pluck is. */
  brightness: number;
  /** Seconds until the tone has fallen by 60 dB. */
  decay: number;
  /** Seconds that the string sounds before it is damped. */
  duration: number;
  seed: number;
}

/** A plucked string: a burst of noise that runs round a delay line and loses its overtones there (Karplus-Strong). */
function pluck({ pitch, brightness, decay, duration, seed }: Note): Float32Array {
  const period = sampleRate / pitch;
  // The averaging filter delays by half a sample, and an all-pass filter tunes the rest between two samples.
  const whole = Math.floor(period - 0.5 - 0.1);
  const fraction = period - 0.5 - whole;
  const tuning = (1 - fraction) / (1 + fraction);
  const loss = 10 ** (-3 / (pitch * decay));

  const line = burst(whole, brightness, seed);
  const sound = new Float32Array(Math.round((duration + 0.08) * sampleRate));
  const damped = duration * sampleRate;
  let previous = 0;
  let tunedIn = 0;
  let tunedOut = 0;
  for (let n = 0; n < sound.length; n++) {
    const at = n % whole;
    const now = line[at] ?? 0;
    const mean = 0.5 * (now + previous) * (n < damped ? loss : 0.985 * loss);
    previous = now;
    tunedOut = tuning * (mean - tunedOut) + tunedIn;
    tunedIn = mean;
    line[at] = tunedOut;
    sound[n] = now * Math.max(0, Math.min(1, (sound.length - n) / (0.08 * sampleRate)));
  }
  return sound;
}

/** Noise as long as the string, softened twice and of one loudness, with the overtones that a pick at 1/8 leaves out. */
function burst(size: number, brightness: number, seed: number): Float32Array {
  const random = noise(seed);
  const raw = Float32Array.from({ length: size }, random);
  const softness = 0.08 + 0.85 * brightness;
  let once = 0;
  let twice = 0;
  // Twice round, so that the end of the string runs smoothly into its beginning.
  const soft = new Float32Array(size);
  for (let n = 0; n < 2 * size; n++) {
    once += softness * ((raw[n % size] ?? 0) - once);
    twice += softness * (once - twice);
    soft[n % size] = twice;
  }
  const pick = Math.round(size / 8);
  const picked = soft.map((sample, i) => sample - (soft[(i + size - pick) % size] ?? 0));
  const loudness = Math.sqrt(picked.reduce((sum, sample) => sum + sample * sample, 0) / size);
  return picked.map((sample) => sample / loudness);
}

const left = new Float32Array(length);
const right = new Float32Array(length);

/** Mixes a sound in at a time in seconds. `pan` goes from -1 (left) to 1 (right). */
function place(sound: Float32Array, time: number, gain: number, pan: number): void {
  const start = Math.max(0, Math.round(time * sampleRate));
  const angle = ((pan + 1) * Math.PI) / 4;
  for (let i = 0; i < sound.length && start + i < length; i++) {
    left[start + i] = (left[start + i] ?? 0) + (sound[i] ?? 0) * gain * Math.cos(angle);
    right[start + i] = (right[start + i] ?? 0) + (sound[i] ?? 0) * gain * Math.sin(angle);
  }
}

const pitchOf = (midi: number) => 440 * 2 ** ((midi - 69) / 12);

// The riff, in eighth notes: MIDI pitches, 0 where the last note rings on. E3 = 52.
const riff = [
  [52, 64, 59, 62, 64, 59, 67, 66],
  [55, 62, 59, 67, 62, 59, 66, 62],
  [50, 62, 57, 66, 62, 57, 64, 62],
  [57, 64, 61, 59, 55, 57, 52, 0],
];
// The bass: pitch, eighth note of the bar, length in eighth notes.
const bass = [
  [
    [28, 0, 3],
    [28, 3, 1],
    [40, 4, 1],
    [28, 5, 1],
    [31, 6, 1],
    [33, 7, 1],
  ],
  [
    [31, 0, 3],
    [31, 3, 1],
    [43, 4, 1],
    [31, 5, 1],
    [35, 6, 1],
    [31, 7, 1],
  ],
  [
    [26, 0, 3],
    [26, 3, 1],
    [38, 4, 1],
    [26, 5, 1],
    [30, 6, 1],
    [33, 7, 1],
  ],
  [
    [33, 0, 2],
    [37, 2, 1],
    [35, 3, 1],
    [31, 4, 1],
    [33, 5, 1],
    [28, 6, 2],
  ],
];
// A chord on each bar's first beat, strummed.
const chords = [
  [52, 55, 59, 64],
  [55, 59, 62, 67],
  [50, 57, 62, 66],
  [57, 61, 64, 69],
];

const human = noise(2024);
const eighth = beat / 2;
for (let bar = 0; bar < bars; bar++) {
  const barStart = bar * 4 * beat;
  riff[bar]?.forEach((midi, i) => {
    if (midi === 0) return;
    const accent = i % 4 === 0 ? 1 : 0.75;
    const ring = i === 6 && bar === bars - 1 ? 2 * eighth : 1.6 * eighth;
    // Played twice, a little apart in time and tone, one take to each side.
    for (const pan of [-0.7, 0.7]) {
      const note = {
        pitch: pitchOf(midi),
        brightness: 0.6 + 0.2 * human(),
        decay: 2.2,
        duration: ring,
        seed: bar * 1000 + i * 10 + pan * 10,
      };
      place(pluck(note), barStart + i * eighth + 0.006 * (1 + human()), 0.11 * accent, pan);
    }
  });
  chords[bar]?.forEach((midi, i) => {
    const note = { pitch: pitchOf(midi), brightness: 0.3, decay: 3.5, duration: 3.6 * beat, seed: 70 + bar * 7 + i };
    place(pluck(note), barStart + 0.018 * i, 0.06, 0.25 * (i - 1.5));
  });
  for (const [midi = 0, at = 0, eighths = 0] of bass[bar] ?? []) {
    const note = {
      pitch: pitchOf(midi),
      brightness: 0.03,
      decay: 3,
      duration: eighths * eighth * 0.92,
      seed: midi + at,
    };
    place(pluck(note), barStart + at * eighth, 0.17, 0);
  }
}

// To -1 dB of full scale, and the last 0.4 s faded so that the end does not click.
const peak = [left, right].flatMap((side) => [...side]).reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
for (const side of [left, right]) {
  for (let i = 0; i < length; i++) {
    side[i] = ((side[i] ?? 0) / peak) * 0.89 * Math.min(1, (length - i) / (0.4 * sampleRate));
  }
}

const file = new URL('riff.wav', import.meta.url);
await writeFile(file, await encodeAudio({ sampleRate, channels: [left, right] }, 'wav'));
