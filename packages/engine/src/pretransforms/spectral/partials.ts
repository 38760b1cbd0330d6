import { type Bands, maxLogMagnitude } from './bands.ts';

/** Energy of a Hann window's main lobe of height 1, in bins. */
const lobeEnergy = 1.5;

/** Finds partials among bands and gives them the narrow main lobes that sines have. */
export class Partials {
  readonly #bands: Bands;
  readonly #floor: number;
  readonly #power: Float64Array;
  readonly #peak: Uint8Array;

  constructor(bands: Bands, floor: number) {
    this.#bands = bands;
    this.#floor = floor;
    this.#power = new Float64Array(bands.count);
    this.#peak = new Uint8Array(bands.count);
  }

  /**
   * Writes the lobes of one frame to `into` [bins], the larger one where two overlap.
   *
   * @param logs log magnitudes [bands] from `offset` on
   * @param shares of noise in them, likewise
   */
  write(logs: Float64Array, shares: Float64Array, offset: number, into: Float64Array): void {
    const { count, binsPerBand, first, stft } = this.#bands;
    const power = this.#power;
    const peak = this.#peak;
    for (let band = 0; band < count; band++) {
      const magnitude = Math.max(Math.exp(Math.min(logs[offset + band]!, maxLogMagnitude)) - this.#floor, 0);
      power[band] = magnitude * magnitude * (1 - shares[offset + band]!) * binsPerBand[band]!;
      const inner = band > 0 && band < count - 1 && 1 - shares[offset + band]! > 0.01;
      const at = logs[offset + band]!;
      peak[band] = inner && at > logs[offset + band - 1]! && at >= logs[offset + band + 1]! ? 1 : 0;
    }
    into.fill(0);
    for (let band = 1; band < count - 1; band++) {
      if (!peak[band]) continue;
      // A band between two peaks belongs to both of them.
      const below = power[band - 1]! * (peak[band - 2] ? 0.5 : 1);
      const above = power[band + 1]! * (peak[band + 2] ? 0.5 : 1);
      const energy = below + power[band]! + above + 1e-30;
      const centre = this.#bands.binOf(first + band + (above - below) / energy);
      const amplitude = Math.sqrt(energy / lobeEnergy);
      const nearest = Math.floor(centre + 0.5);
      for (let bin = Math.max(nearest - 2, 0); bin <= Math.min(nearest + 2, stft.bins - 1); bin++)
        into[bin] = Math.max(into[bin]!, amplitude * mainLobe(bin - centre));
    }
  }
}

/** Spectrum of the Hann window within its main lobe, 1 at its centre; `x` in bins. */
function mainLobe(x: number): number {
  const distance = Math.abs(x);
  if (distance >= 2) return 0;
  if (distance < 1e-9) return 1;
  if (Math.abs(distance - 1) < 1e-6) return 0.5;
  return Math.sin(Math.PI * distance) / (Math.PI * distance) / (1 - distance * distance);
}
