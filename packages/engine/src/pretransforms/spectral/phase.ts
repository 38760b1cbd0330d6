/** gamma/N^2 of the Gaussian that stands for a Hann window of N samples (Prusa, Balazs, Sondergaard 2017). */
const hannGamma = 0.25645;
/** Magnitudes below this part of the largest keep phase 0. */
const tolerance = 1e-6;
/** Peaks below this bin advance by their interpolated frequency: the Gaussian's slope is off by 10 cents down there. */
const lowestBins = 6;
/** Part of a turn between the phases that neighbouring bins start with, so that they do not add up to a click. */
const goldenTurn = 0.6180339887498949;

/** Frequency in bins of a local maximum: the ratio of the two highest bins of a Hann window's main lobe gives it exactly. */
function peakFrequency(magnitudes: Float64Array, offset: number, peak: number): number {
  const below = magnitudes[offset + peak - 1]!;
  const above = magnitudes[offset + peak + 1]!;
  const ratio = Math.max(below, above) / magnitudes[offset + peak]!;
  const distance = Math.min(Math.max((2 * ratio - 1) / (ratio + 1), -0.5), 0.5);
  return above < below ? peak - distance : peak + distance;
}

/**
 * Phases [frames, bins] for magnitudes [frames, bins] of a long window: phase gradient heap integration (Prusa, Balazs,
 * Sondergaard 2017), from the loudest bin outwards. Of equal magnitudes the one with the lower index is taken first.
 */
export function integratedPhase(magnitudes: Float64Array, bins: number, size: number, hop: number): Float64Array {
  const length = magnitudes.length;
  const levels = magnitudes.map((value) => Math.log(Math.max(value, 1e-9)));
  const { along, across } = gradients(magnitudes, levels, bins, size, hop);
  const phase = new Float64Array(length);
  let loudest = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < length; i++) loudest = Math.max(loudest, levels[i]!);
  const least = Math.log(tolerance) + loudest;
  const done = Uint8Array.from(levels, (level) => (level <= least ? 1 : 0));
  const first = (a: number, b: number) => levels[a]! > levels[b]! || (levels[a] === levels[b] && a < b);
  const order = Int32Array.from({ length }, (_, i) => i)
    .filter((i) => !done[i])
    .sort((a, b) => levels[b]! - levels[a]! || a - b);
  const heap = new Int32Array(length);
  let count = 0;
  const push = (item: number) => {
    let child = count++;
    while (child > 0) {
      const parent = (child - 1) >> 1;
      if (first(heap[parent]!, item)) break;
      heap[child] = heap[parent]!;
      child = parent;
    }
    heap[child] = item;
  };
  const pop = () => {
    const top = heap[0]!;
    const item = heap[--count]!;
    let place = 0;
    for (let child = 1; child < count; child = 2 * place + 1) {
      if (child + 1 < count && first(heap[child + 1]!, heap[child]!)) child++;
      if (first(item, heap[child]!)) break;
      heap[place] = heap[child]!;
      place = child;
    }
    heap[place] = item;
    return top;
  };
  const reach = (from: number, to: number, change: number) => {
    if (done[to]) return;
    phase[to] = phase[from]! + change;
    done[to] = 1;
    push(to);
  };
  for (const seed of order) {
    if (done[seed]) continue;
    done[seed] = 1;
    push(seed);
    while (count > 0) {
      const i = pop();
      const bin = i % bins;
      if (i + bins < length) reach(i, i + bins, 0.5 * (along[i]! + along[i + bins]!));
      if (i >= bins) reach(i, i - bins, -0.5 * (along[i]! + along[i - bins]!));
      if (bin + 1 < bins) reach(i, i + 1, 0.5 * (across[i]! + across[i + 1]!));
      if (bin > 0) reach(i, i - 1, -0.5 * (across[i]! + across[i - 1]!));
    }
  }
  return phase;
}

/** Phase advances per hop and per bin. */
function gradients(magnitudes: Float64Array, levels: Float64Array, bins: number, size: number, hop: number) {
  const length = levels.length;
  const along = new Float64Array(length);
  const across = new Float64Array(length);
  const ratio = hop / (hannGamma * size);
  const advance = (2 * Math.PI * hop) / size;
  for (let i = 0; i < length; i++) {
    const bin = i % bins;
    const inFrequency = bin > 0 && bin < bins - 1 ? 0.5 * (levels[i + 1]! - levels[i - 1]!) : 0;
    const inTime = i >= bins && i + bins < length ? 0.5 * (levels[i + bins]! - levels[i - bins]!) : 0;
    along[i] = ratio * inFrequency + advance * bin;
    across[i] = -inTime / ratio - Math.PI;
  }
  for (let frame = 0; frame < length; frame += bins) {
    for (let k = 1; k < lowestBins; k++) {
      const i = frame + k;
      if (magnitudes[i]! > magnitudes[i - 1]! && magnitudes[i]! >= magnitudes[i + 1]!)
        along.fill(advance * peakFrequency(magnitudes, frame, k), i - 1, i + 2);
    }
  }
  return { along, across };
}

/** Phases that peaks take over from a spectrogram of twice the window, where both describe the same frequencies. */
export interface SharedPhases {
  /** [frames, bins] of the longer window. */
  phases: Float64Array;
  bins: number;
  /** Lowest and highest frequency of such peaks, in bins of the shorter window. */
  range: [number, number];
}

/** Phases that follow spectral peaks from frame to frame: every peak advances by its own frequency, and its surroundings with it. */
export class PhaseTracker {
  /** Of the last frame, [bins]. */
  readonly phase: Float64Array;
  readonly #frequency: Float64Array;
  readonly #advance: number;
  readonly #peaks: Int32Array;
  readonly #shared: SharedPhases | undefined;

  constructor(bins: number, size: number, hop: number, shared: SharedPhases | undefined) {
    this.phase = Float64Array.from({ length: bins }, (_, k) => 2 * Math.PI * ((k * goldenTurn) % 1));
    this.#frequency = Float64Array.from({ length: bins }, (_, k) => k);
    this.#advance = (2 * Math.PI * hop) / size;
    this.#peaks = new Int32Array(bins);
    this.#shared = shared;
  }

  /** Moves on to a frame with the given magnitudes [bins]. */
  next(magnitudes: Float64Array, frame: number): void {
    const peaks = this.#peaks;
    const last = magnitudes.length - 1;
    let count = 0;
    for (let k = 1; k < last; k++)
      if (magnitudes[k]! > magnitudes[k - 1]! && magnitudes[k]! >= magnitudes[k + 1]!) peaks[count++] = k;
    // Regions are written from left to right, and read only at peaks still to come, which are not yet overwritten.
    for (let i = 0; i < count; i++) {
      const peak = peaks[i]!;
      const frequency = peakFrequency(magnitudes, 0, peak);
      const moved = this.#moved(peak, frequency, frame);
      // A bin half-way between two peaks belongs to the lower one.
      const from = i === 0 ? 0 : Math.floor((peaks[i - 1]! + peak) / 2) + 1;
      const to = i === count - 1 ? last : Math.floor((peak + peaks[i + 1]!) / 2);
      for (let k = from; k <= to; k++) {
        this.phase[k] = (moved + Math.PI * (k - peak)) % (2 * Math.PI);
        this.#frequency[k] = frequency;
      }
    }
  }

  #moved(peak: number, frequency: number, frame: number): number {
    const shared = this.#shared;
    if (shared && frequency >= shared.range[0] && frequency <= shared.range[1]) {
      const twin = Math.floor(2 * frequency + 0.5);
      return shared.phases[frame * shared.bins + twin]! + Math.PI * (twin - peak);
    }
    const before = this.#frequency[peak]!;
    const mean = Math.abs(frequency - before) < 1.5 ? 0.5 * (frequency + before) : frequency;
    return this.phase[peak]! + this.#advance * mean;
  }
}
