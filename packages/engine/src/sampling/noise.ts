/** Where a generation's Gaussian noise comes from. Draw 0 is the start; draw `i + 1` belongs to step i. */
export interface NoiseSource {
  /** Standard normal values [channels, frames], row-major. */
  draw(index: number, channels: number, frames: number): Float32Array;
}

/**
 * Noise from a seed: Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011) and the
 * Box-Muller transform. Counter-based, so that every value depends on the seed and its own place alone: one seed gives
 * one result on every machine, and a longer generation starts with the noise of a shorter one.
 *
 * @param seed an integer in 0 .. 2^53 - 1
 */
export function seededNoise(seed: number): NoiseSource {
  const key: [number, number] = [seed >>> 0, Math.floor(seed / 2 ** 32) >>> 0];
  return {
    draw(index, channels, frames) {
      const noise = new Float32Array(channels * frames);
      for (let channel = 0; channel < channels; channel++) {
        for (let frame = 0; frame < frames; frame += 4) {
          const words = philox([frame / 4, channel, index, 0], key);
          const place = channel * frames + frame;
          const count = Math.min(4, frames - frame);
          for (let i = 0; i < count; i++) {
            // Uniform in (0, 1], so that the logarithm is finite.
            const radius = Math.sqrt(-2 * Math.log((words[i & 2]! + 1) / 2 ** 32));
            const angle = (2 * Math.PI * words[(i & 2) + 1]!) / 2 ** 32;
            noise[place + i] = radius * (i & 1 ? Math.sin(angle) : Math.cos(angle));
          }
        }
      }
      return noise;
    },
  };
}

type Words = [number, number, number, number];

/** Philox4x32 with ten rounds: four random 32-bit words for a counter and a key. */
export function philox(counter: Words, key: readonly [number, number]): Words {
  let [a, b, c, d] = counter;
  let [k0, k1] = key;
  for (let round = 0; round < 10; round++) {
    const [high0, low0] = multiply(0xd2511f53, a);
    const [high1, low1] = multiply(0xcd9e8d57, c);
    [a, b, c, d] = [(high1 ^ b ^ k0) >>> 0, low1, (high0 ^ d ^ k1) >>> 0, low0];
    k0 = (k0 + 0x9e3779b9) >>> 0;
    k1 = (k1 + 0xbb67ae85) >>> 0;
  }
  return [a, b, c, d];
}

/** The high and low words of a 32 x 32 bit product. */
function multiply(a: number, b: number): [number, number] {
  const [aHigh, aLow] = [a >>> 16, a & 0xffff];
  const [bHigh, bLow] = [b >>> 16, b & 0xffff];
  const middle = aHigh * bLow + Math.floor((aLow * bLow) / 0x10000);
  const carry = (middle % 0x10000) + aLow * bHigh;
  return [(aHigh * bHigh + Math.floor(middle / 0x10000) + Math.floor(carry / 0x10000)) >>> 0, Math.imul(a, b) >>> 0];
}
