import { onsetEnvelope } from './onsets.ts';

export interface Tempo {
  /** Beats per minute. */
  bpm: number;
  /** Seconds to the first beat. */
  first: number;
  /** How sure it is, 0 to 1: the share of the onsets' energy that lies on the beats. */
  confidence: number;
}

const slowest = 55;
const fastest = 200;
/** Below this the sound has no beat that is worth a grid. */
const leastConfidence = 0.12;
/** The least spectral flux of an onset: chords that beat stay below 6, quiet music has more than 100. */
const leastOnset = 10;
/** Frames at both ends that do not count as onsets: a sound that begins or ends is not a beat. */
const edge = 4;

/**
 * The tempo of a sound: the period at which its onsets repeat (autocorrelation of the spectral flux), with a preference for
 * tempi around 110 (log-normal, after Ellis, "Beat Tracking by Dynamic Programming", 2007), and for those of which a whole
 * number of beats fills the sound, as loops are cut.
 */
export function tempoOf(mono: Float32Array, sampleRate: number): Tempo | undefined {
  const { envelope, rate } = onsetEnvelope(mono, sampleRate);
  const duration = mono.length / sampleRate;
  const energy = envelope.reduce((sum, value) => sum + value * value, 0);
  const strongest = envelope.subarray(edge, -edge).reduce((most, value) => Math.max(most, value), 0);
  if (duration < 1.5 || strongest < leastOnset) return undefined;
  const correlation = (period: number) => combined(envelope, period * rate) / energy;
  let best = { bpm: 0, score: 0 };
  for (const bpm of candidates(duration)) {
    const period = 60 / bpm;
    // A beat is confirmed by its multiples: bars repeat too.
    const periodicity = correlation(period) + 0.5 * correlation(2 * period) + 0.5 * correlation(4 * period);
    const preference = Math.exp(-0.5 * (Math.log2(bpm / 110) / 0.9) ** 2);
    const score = periodicity * preference * (isLoopOf(duration, bpm) ? 1.15 : 1);
    if (score > best.score) best = { bpm, score };
  }
  if (best.bpm === 0) return undefined;
  const period = 60 / best.bpm;
  const { phase, share } = phaseOf(envelope, period * rate);
  if (share < leastConfidence) return undefined;
  return { bpm: Math.round(best.bpm * 10) / 10, first: phase / rate, confidence: share };
}

/** Tempi to try: every half beat a minute, and those of which 4, 8, ... beats fill the sound exactly. */
function candidates(duration: number): number[] {
  const all: number[] = [];
  for (let bpm = slowest; bpm <= fastest; bpm += 0.5) all.push(bpm);
  for (let beats = 4; beats <= 256; beats += beats < 16 ? 2 : 4) {
    const bpm = (60 * beats) / duration;
    if (bpm >= slowest && bpm <= fastest) all.push(bpm);
  }
  return all;
}

/** Whether a multiple of four beats fills the duration, within 10 ms. */
function isLoopOf(duration: number, bpm: number): boolean {
  const beats = (duration * bpm) / 60;
  const whole = Math.round(beats / 4) * 4;
  return whole > 0 && (Math.abs(beats - whole) * 60) / bpm < 0.01;
}

/** The autocorrelation at a lag that may lie between two frames. */
function combined(envelope: Float32Array, lag: number): number {
  const whole = Math.floor(lag);
  const part = lag - whole;
  let sum = 0;
  for (let i = 0; i + whole + 1 < envelope.length; i++) {
    sum += envelope[i]! * (envelope[i + whole]! * (1 - part) + envelope[i + whole + 1]! * part);
  }
  // A long lag sees less of the sound.
  return (sum * envelope.length) / Math.max(1, envelope.length - lag);
}

/** Where in a period the onsets lie, in frames, and the share of their energy that is there. */
function phaseOf(envelope: Float32Array, period: number): { phase: number; share: number } {
  let best = { phase: 0, sum: 0 };
  const total = envelope.reduce((sum, value) => sum + value, 0);
  for (let phase = 0; phase < period; phase++) {
    let sum = 0;
    for (let at = phase; at < envelope.length; at += period) {
      const frame = Math.round(at);
      sum += (envelope[frame] ?? 0) + 0.5 * ((envelope[frame - 1] ?? 0) + (envelope[frame + 1] ?? 0));
    }
    if (sum > best.sum * 1.02) best = { phase, sum };
  }
  return { phase: best.phase, share: best.sum / total };
}
