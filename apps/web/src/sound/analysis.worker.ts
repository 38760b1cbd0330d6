import { integratedLoudness } from '@retone/engine/loudness';
import { spectrogram } from './spectrogram.ts';
import { wavFile } from './wav.ts';

// What takes long with samples, away from the page's own thread.

interface Held {
  channels: Float32Array[];
  sampleRate: number;
}

export type Job =
  | { kind: 'hold'; sound: number; channels: Float32Array[]; sampleRate: number; points: number }
  | { kind: 'spectrogram'; sound: number; width: number; height: number }
  | { kind: 'wav'; sound: number; start: number; end: number }
  | { kind: 'drop'; sound: number };

/** What `hold` answers. */
export interface Facts {
  /** Largest magnitude of each of so many equal parts. */
  peaks: Float32Array;
  /** LUFS. */
  loudness: number;
}

const held = new Map<number, Held>();

self.onmessage = ({ data: { id, job } }: MessageEvent<{ id: number; job: Job }>) => {
  try {
    const [result, transfer] = done(job);
    self.postMessage({ id, result }, { transfer });
  } catch (error) {
    self.postMessage({ id, error: (error as Error).message });
  }
};

function done(job: Job): [unknown, Transferable[]] {
  if (job.kind === 'hold') {
    const { channels, sampleRate } = job;
    held.set(job.sound, { channels, sampleRate });
    const peaks = peaksOf(channels, job.points);
    const facts: Facts = {
      peaks,
      // Mono is heard from both speakers.
      loudness: integratedLoudness(channels.length === 1 ? [channels[0]!, channels[0]!] : channels, sampleRate),
    };
    return [facts, [peaks.buffer]];
  }
  if (job.kind === 'drop') return [held.delete(job.sound), []];
  const sound = held.get(job.sound);
  if (!sound) throw new Error('the sound is gone');
  const { channels, sampleRate } = sound;
  if (job.kind === 'wav') {
    const [from, to] = [Math.round(job.start * sampleRate), Math.round(job.end * sampleRate)];
    const file = wavFile(
      channels.map((channel) => channel.subarray(from, to)),
      sampleRate,
    );
    return [file, [file]];
  }
  const image = spectrogram(mono(channels), sampleRate, job.width, job.height);
  return [image, [image.buffer]];
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
