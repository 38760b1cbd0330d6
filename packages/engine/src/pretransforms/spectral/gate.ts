import { cell } from './envelopes.ts';
import { groupWidths } from './groups.ts';

/** Least rise in decibels within two cells that counts, and cells that pass until the next one may. */
const [leastRise, pause] = [12, 8];
/** Cells before an attack that the gate may reach, and how far above the expected power they may be. */
const [reach, tolerance] = [32, 4];
const powerFloor = 1e-12;

/** Mean squares that the frames of a spectrogram say [frames], and cells in half its window and in a hop. */
export interface ExpectedPower {
  frames: Float64Array;
  half: number;
  hop: number;
}

/** Cells at which attacks of noise begin, by its envelopes [groups][cells]. */
export function attackCells(envelopes: readonly Float64Array[], sampleRate: number): number[] {
  const widths = groupWidths(sampleRate / 2);
  const total = envelopes[0]!.map((_, i) =>
    envelopes.reduce((sum, cells, group) => sum + widths[group]! * cells[i]!, 0),
  );
  const rise = total.map((value, i) => (i < 2 ? 0 : 10 * Math.log10(value / total[i - 2]!)));
  const found: number[] = [];
  for (let i = 2; i < rise.length; i++) {
    if (rise[i]! <= leastRise) continue;
    while (i + 1 < rise.length && rise[i + 1]! > rise[i]!) i++;
    found.push(i - 1);
    i += pause - 1;
  }
  return found;
}

/**
 * Silences what windows spread before attacks: audio [2, samples] is turned down there to the power that the last frames before
 * the attack say.
 */
export function gate(audio: Float32Array, attacks: readonly number[], powers: readonly ExpectedPower[]): void {
  const samples = audio.length / 2;
  const gains = new Float64Array(samples / cell).fill(1);
  for (const attack of attacks) {
    let expected = 0;
    for (const { frames, half, hop } of powers)
      expected += frames[Math.max(0, Math.floor((attack - half - hop / 2) / hop))]!;
    for (let i = Math.max(0, attack - reach); i < attack; i++) {
      let power = 0;
      for (let n = i * cell; n < (i + 1) * cell; n++)
        power += audio[n]! * audio[n]! + audio[samples + n]! * audio[samples + n]!;
      const limit = (tolerance * expected + powerFloor) / (power / (2 * cell) + powerFloor);
      gains[i] = Math.min(gains[i]!, Math.sqrt(Math.min(1, limit)));
    }
  }
  // From the centre of each cell to that of the next.
  for (let i = -1; i < gains.length; i++) {
    const from = gains[Math.max(i, 0)]!;
    const to = gains[Math.min(i + 1, gains.length - 1)]!;
    if (from === 1 && to === 1) continue;
    const start = i * cell + cell / 2;
    for (let n = Math.max(start, 0); n < Math.min(start + cell, samples); n++) {
      const gain = from + ((to - from) * (n - start + 0.5)) / cell;
      audio[n]! *= gain;
      audio[samples + n]! *= gain;
    }
  }
}
