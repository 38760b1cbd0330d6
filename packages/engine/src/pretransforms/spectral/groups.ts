/** Edges in hertz of the groups of frequencies that have an envelope each; crossfades are half an octave wide. */
const edges = [350, 700, 1400, 2800, 5600, 11200];

export const groupCount = edges.length + 1;

/** Widths of the groups up to a highest frequency, as parts of it [groups]. */
export function groupWidths(highest: number): number[] {
  const bounds = [0, ...edges, highest];
  return Array.from({ length: groupCount }, (_, group) => (bounds[group + 1]! - bounds[group]!) / highest);
}

/** How far the groups above an edge have taken over at a frequency in hertz, 0 to 1. */
function rise(frequency: number, edge: number): number {
  const octaves = Math.log2(Math.max(frequency, 1) / edge);
  if (octaves <= -0.25) return 0;
  return octaves >= 0.25 ? 1 : Math.sin((Math.PI / 2) * (2 * octaves + 0.5)) ** 2;
}

/** Power gains [groups][frequencies] of the groups at frequencies in hertz; they sum to 1 at each. */
export function groupGains(frequencies: Float64Array): Float64Array[] {
  const rises = edges.map((edge) => frequencies.map((frequency) => rise(frequency, edge)));
  return Array.from({ length: groupCount }, (_, group) =>
    frequencies.map((_, i) => (rises[group - 1]?.[i] ?? 1) - (rises[group]?.[i] ?? 0)),
  );
}

/** Reads values per group at any of a list of frequencies: at each at most two neighbouring groups have a gain. */
export class GroupMixer {
  readonly #lower: Uint8Array;
  readonly #lowerGain: Float64Array;
  readonly #upperGain: Float64Array;

  constructor(frequencies: Float64Array) {
    const gains = groupGains(frequencies);
    this.#lower = Uint8Array.from(frequencies, (_, i) =>
      Math.min(
        gains.findIndex((gain) => gain[i]! > 0),
        groupCount - 2,
      ),
    );
    this.#lowerGain = frequencies.map((_, i) => gains[this.#lower[i]!]![i]!);
    this.#upperGain = frequencies.map((_, i) => gains[this.#lower[i]! + 1]![i]!);
  }

  /** Sum of the groups' values [groups] times their gains at the frequency `i`. */
  at(values: Float64Array, i: number): number {
    const lower = this.#lower[i]!;
    return values[lower]! * this.#lowerGain[i]! + values[lower + 1]! * this.#upperGain[i]!;
  }
}
