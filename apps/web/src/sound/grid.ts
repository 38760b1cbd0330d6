import type { Tempo } from './tempo.ts';

/** Where a dragged edge comes to lie. */
export type Snap = 'off' | 'beats' | 'zero';

/** Musical time of a recording: seconds of its first beat, and seconds from beat to beat. */
export interface Grid {
  first: number;
  beat: number;
}

export const beatsPerBar = 4;

/** The grid of a tempo, with its first beat moved by what lies in front of the recording. */
export function gridOf(tempo: Tempo | undefined, origin: number): Grid | undefined {
  return tempo && { first: origin + tempo.first, beat: 60 / tempo.bpm };
}

/** A duration as bars and beats: "2 bars", "1 bar 2 beats". */
export function inBars(seconds: number, grid: Grid): string {
  const beats = Math.round((seconds / grid.beat) * 4) / 4;
  const bars = Math.floor(beats / beatsPerBar);
  const rest = Math.round((beats - bars * beatsPerBar) * 100) / 100;
  const words = [
    ...(bars ? [`${bars} ${bars === 1 ? 'bar' : 'bars'}`] : []),
    ...(rest || !bars ? [`${rest} ${rest === 1 ? 'beat' : 'beats'}`] : []),
  ];
  return words.join(' ');
}

/** How far a zero crossing may be from where the pointer is, in seconds. */
const reach = 0.02;

/** Moves a time of the axis to the nearest beat or zero crossing. */
export function snapper(
  snap: Snap,
  grid: Grid | undefined,
  sound: { samples: Float32Array; sampleRate: number; offset: number } | undefined,
): (time: number) => number {
  if (snap === 'beats' && grid) {
    return (time) => Math.max(0, grid.first + Math.round((time - grid.first) / grid.beat) * grid.beat);
  }
  if (snap === 'zero' && sound) {
    return (time) => {
      const at = nearestCrossing(sound.samples, (time - sound.offset) * sound.sampleRate, reach * sound.sampleRate);
      return at === undefined ? time : sound.offset + at / sound.sampleRate;
    };
  }
  return (time) => time;
}

/** The sample nearest to `at` from which the signal changes its sign to positive. */
export function nearestCrossing(samples: Float32Array, at: number, most: number): number | undefined {
  const middle = Math.round(at);
  for (let distance = 0; distance <= most; distance++) {
    for (const i of [middle - distance, middle + distance]) {
      if (i > 0 && i < samples.length && samples[i - 1]! < 0 && samples[i]! >= 0) return i;
    }
  }
  return undefined;
}
