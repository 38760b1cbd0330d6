import type { AudioClip } from '@retone/audio';

const bands = 48;
const size = 1024;

/** Log energies of a clip in logarithmic bands, one row a hop: what two clips are compared by. */
export function logMel(clip: AudioClip): number[] {
  const [left, right] = clip.channels as [Float32Array, Float32Array];
  const energies: number[] = [];
  // Goertzel's recurrence: the energy at one frequency in a frame.
  const frequencies = Array.from({ length: bands }, (_, i) => 60 * 2 ** ((i * 7.5) / bands));
  for (let start = 0; start + size <= left.length; start += 4 * size) {
    for (const frequency of frequencies) {
      const coefficient = 2 * Math.cos((2 * Math.PI * frequency) / clip.sampleRate);
      let [one, two] = [0, 0];
      for (let n = 0; n < size; n++) {
        const window = 0.5 - 0.5 * Math.cos((2 * Math.PI * n) / size);
        [one, two] = [window * (left[start + n]! + right[start + n]!) + coefficient * one - two, one];
      }
      energies.push(Math.log(one * one + two * two - coefficient * one * two + 1e-4));
    }
  }
  return energies;
}

/** Pearson's correlation of the common part of two rows. */
export function pearson(a: number[], b: number[]): number {
  const length = Math.min(a.length, b.length);
  const mean = (row: number[]) => row.slice(0, length).reduce((sum, value) => sum + value, 0) / length;
  const [meanA, meanB] = [mean(a), mean(b)];
  let [product, squareA, squareB] = [0, 0, 0];
  for (let i = 0; i < length; i++) {
    product += (a[i]! - meanA) * (b[i]! - meanB);
    squareA += (a[i]! - meanA) ** 2;
    squareB += (b[i]! - meanB) ** 2;
  }
  return product / Math.sqrt(squareA * squareB);
}
