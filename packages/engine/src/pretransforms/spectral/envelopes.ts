/** Samples of one step of an envelope. */
export const cell = 64;
/** Updates of an envelope before and after its rises are made steps. */
const [iterations, refinements] = [10, 6];
export const powerFloor = 1e-12;
/** Least rise in power, and longest in cells, that is taken for an attack. */
const [attackRise, attackCells] = [8, 40];

/**
 * How the power of noise runs in time, from the powers of overlapping frames: a non-negative deconvolution by multiplicative
 * updates for the Itakura-Saito divergence (Fevotte, Bertin, Durrieu 2009), in which steep rises become steps.
 */
export class Envelopes {
  /** Cells of a hop, and of a frame before its hop. */
  readonly #perHop: number;
  readonly #before: number;
  /** Share of every cell in a frame's power. */
  readonly #shape: Float64Array;

  /** @param window of the frames */
  constructor(window: Float64Array, hop: number) {
    this.#perHop = hop / cell;
    const length = window.length / cell;
    this.#before = length / 2 - this.#perHop / 2;
    const sums = Float64Array.from({ length }, (_, i) =>
      window.subarray(i * cell, (i + 1) * cell).reduce((sum, value) => sum + value * value, 0),
    );
    const total = sums.reduce((sum, value) => sum + value, 0);
    this.#shape = sums.map((value) => value / total);
  }

  /** The envelope [cells] whose frames have the given powers [frames]. */
  fit(wanted: Float64Array): Float64Array {
    const powers = wanted.map((power) => Math.max(power, powerFloor));
    const cells = this.#interpolated(powers);
    for (let i = 0; i < iterations + refinements; i++) {
      if (i === iterations) sharpen(cells);
      this.#update(cells, powers, this.framePowers(cells));
    }
    return cells;
  }

  /** Powers [frames] that an envelope gives the frames; the outermost cells continue beyond the ends. */
  framePowers(cells: Float64Array): Float64Array {
    const shape = this.#shape;
    const last = cells.length - 1;
    const powers = new Float64Array(cells.length / this.#perHop);
    for (let frame = 0; frame < powers.length; frame++) {
      const start = frame * this.#perHop - this.#before;
      let total = 0;
      for (let i = 0; i < shape.length; i++) total += shape[i]! * cells[Math.min(Math.max(start + i, 0), last)]!;
      powers[frame] = total;
    }
    return powers;
  }

  /** How much of an attack lies within each frame, 0 to 1 [frames]: rises by 8 to 14 dB within two cells. */
  attacks(cells: Float64Array): Float64Array {
    const length = this.#shape.length;
    const attacks = new Float64Array(cells.length / this.#perHop);
    for (let i = 2; i < cells.length; i++) {
      const rise = (10 * Math.log10(cells[i]! / cells[i - 2]!) - 8) / 6;
      if (rise <= 0) continue;
      const first = Math.max(Math.ceil((i + this.#before - length + 1) / this.#perHop), 0);
      const last = Math.min(Math.floor((i + this.#before) / this.#perHop), attacks.length - 1);
      for (let frame = first; frame <= last; frame++) attacks[frame] = Math.max(attacks[frame]!, Math.min(rise, 1));
    }
    return attacks;
  }

  /** Linear in the logarithm between the centres of the frames. */
  #interpolated(powers: Float64Array): Float64Array {
    const logs = powers.map(Math.log);
    const cells = new Float64Array(powers.length * this.#perHop);
    for (let i = 0; i < cells.length; i++) {
      const at = Math.min(Math.max((i + 0.5) / this.#perHop - 0.5, 0), powers.length - 1);
      const below = Math.min(Math.floor(at), Math.max(powers.length - 2, 0));
      const part = at - below;
      cells[i] = Math.exp(logs[below]! + (part > 0 ? part * (logs[below + 1]! - logs[below]!) : 0));
    }
    return cells;
  }

  #update(cells: Float64Array, powers: Float64Array, now: Float64Array): void {
    const shape = this.#shape;
    const perHop = this.#perHop;
    const parts = shape.length / perHop;
    const last = powers.length - 1;
    for (let i = 0; i < cells.length; i++) {
      const frame = Math.floor((i + this.#before) / perHop);
      const place = (i + this.#before) % perHop;
      let up = 0;
      let down = 0;
      for (let p = 0; p < parts; p++) {
        const j = Math.min(Math.max(frame - p, 0), last);
        const weight = shape[place + p * perHop]! / now[j]!;
        down += weight;
        up += (weight * powers[j]!) / now[j]!;
      }
      cells[i] = Math.max((cells[i]! * up) / down, powerFloor);
    }
  }
}

/** Makes a step of every steep rise, at the place that keeps the energy. */
function sharpen(cells: Float64Array): void {
  for (let start = 0; start + 1 < cells.length; ) {
    let end = start;
    while (end + 1 < cells.length && cells[end + 1]! >= cells[end]!) end++;
    const low = cells[start]!;
    const high = cells[end]!;
    if (high >= attackRise * low && end - start <= attackCells) {
      let energy = 0;
      for (let i = start; i <= end; i++) energy += cells[i]! - low;
      const loud = energy / (high - low);
      for (let i = start; i <= end; i++) cells[i] = low + (high - low) * Math.min(Math.max(loud - (end - i), 0), 1);
    }
    start = Math.max(end, start + 1);
  }
}
