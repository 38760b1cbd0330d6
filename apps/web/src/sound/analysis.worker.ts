import { integratedLoudness } from '@retone/engine/loudness';
import type { Facts } from './facts.ts';
import { keyOf } from './key.ts';
import { spectrogram } from './spectrogram.ts';
import { tempoOf } from './tempo.ts';

// What takes long with samples, away from the page's own thread. Nothing is kept here.

export interface Job {
  channels: Float32Array<ArrayBuffer>[];
  sampleRate: number;
}

/** Peaks for each second of sound, and at most: enough for the widest screens at some zoom. */
const peaksPerSecond = 200;
const peakBounds = [4000, 40_000] as const;
const columnsPerSecond = 100;
const columnBounds = [400, 2000] as const;
const rows = 128;
const measuredSeconds = 120;

self.onmessage = ({ data: { id, job } }: MessageEvent<{ id: number; job: Job }>) => {
  try {
    const facts = factsOf(job);
    self.postMessage({ id, facts }, { transfer: [facts.peaks.buffer, facts.spectrogram.levels.buffer] });
  } catch (error) {
    self.postMessage({ id, error: (error as Error).message });
  }
};

function factsOf({ channels, sampleRate }: Job): Facts {
  const duration = channels[0]!.length / sampleRate;
  const within = ([low, high]: readonly [number, number], value: number) =>
    Math.round(Math.max(low, Math.min(value, high)));
  const mixed = mono(channels);
  // Tempo and key show in the first minutes; all of a long recording would take as long again.
  const beginning = mixed.subarray(0, Math.round(measuredSeconds * sampleRate));
  const columns = within(columnBounds, duration * columnsPerSecond);
  // Mono is heard from both speakers.
  const loudness = integratedLoudness(channels.length === 1 ? [channels[0]!, channels[0]!] : channels, sampleRate);
  return {
    duration,
    channels: channels.length,
    peaks: peaksOf(channels, within(peakBounds, duration * peaksPerSecond)),
    loudness,
    spectrogram: { columns, rows, levels: spectrogram(mixed, sampleRate, columns, rows) },
    tempo: tempoOf(beginning, sampleRate),
    key: keyOf(beginning, sampleRate),
  };
}

function peaksOf(channels: Float32Array[], points: number): Float32Array<ArrayBuffer> {
  const length = channels[0]!.length;
  const peaks = new Float32Array(Math.max(2, Math.min(points, length)));
  for (let point = 0; point < peaks.length; point++) {
    const end = Math.floor(((point + 1) * length) / peaks.length);
    let peak = 0;
    for (let i = Math.floor((point * length) / peaks.length); i < end; i++) {
      for (const channel of channels) peak = Math.max(peak, Math.abs(channel[i]!));
    }
    peaks[point] = peak;
  }
  return peaks;
}

function mono(channels: Float32Array[]): Float32Array {
  const [left, right] = channels;
  return right ? left!.map((sample, i) => (sample + right[i]!) / 2) : left!;
}
