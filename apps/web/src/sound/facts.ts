import { clock, decibels } from '../shared/format.ts';
import type { Key } from './key.ts';
import type { Tempo } from './tempo.ts';

/** What is known of a sound without its samples: enough to draw, match and measure it. */
export interface Facts {
  /** Seconds. */
  duration: number;
  channels: number;
  /** Largest magnitude of each of so many equal parts, 0 to 1. */
  peaks: Float32Array;
  /** Integrated, in LUFS; -Infinity for silence. */
  loudness: number;
  /** Levels from 0 (silence) to 255 (full scale): rows from high to low pitch, mel-spaced. */
  spectrogram: { columns: number; rows: number; levels: Uint8Array };
  tempo: Tempo | undefined;
  key: Key | undefined;
}

/** Length, loudness, tempo and key in a line. */
export function describeFacts({ duration, loudness, tempo, key }: Facts): string {
  const known = [clock(duration), decibels(loudness), tempo && `${tempo.bpm} BPM`, key?.name];
  return known.filter((part) => part !== undefined).join(' · ');
}
