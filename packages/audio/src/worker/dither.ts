import type { Piece } from '../piece.ts';

/** Steps of 16 bits in full scale. */
const steps = 32768;

/**
 * Rounds samples to 16 bits in place. Those between two steps get triangular noise first, so that what is softer than a step
 * becomes noise and not distortion or silence; those on a step, such as kept parts of a 16-bit recording, stay as they are.
 */
export function dither(sound: Piece): void {
  for (const [c, samples] of sound.entries()) {
    let state = 0x9e3779b9 ^ (c * 0x85ebca6b);
    // xorshift32 (Marsaglia, 2003): uniform between -0.5 and 0.5.
    const uniform = () => {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      return (state >>> 0) / 2 ** 32 - 0.5;
    };
    for (let i = 0; i < samples.length; i++) {
      const value = samples[i]! * steps;
      const noise = uniform() + uniform();
      if (Number.isInteger(value)) continue;
      samples[i] = Math.max(-steps, Math.min(steps - 1, Math.round(value + noise))) / steps;
    }
  }
}
