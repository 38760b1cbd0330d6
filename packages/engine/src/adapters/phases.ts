import type { Adapter } from '../adapter.ts';
import { assertLevels, type LevelRange } from '../sampling/level-range.ts';

/** Noise levels at which the same adapters apply. */
export interface AdapterPhase extends LevelRange {
  adapters: readonly Adapter[];
}

/**
 * The noise levels from 0 to 1 by the adapters that apply at them, in order; a level between two belongs to the upper one.
 *
 * @throws EngineError when the range of an adapter is not one
 */
export function phasesOf(adapters: readonly Adapter[]): AdapterPhase[] {
  const ranges = adapters.map(({ range = { from: 0, to: 1 } }) => range);
  for (const range of ranges) assertLevels("an adapter's range", range);
  const bounds = [...new Set([0, 1, ...ranges.flatMap(({ from, to }) => [from, to])])].toSorted((a, b) => a - b);
  return bounds.slice(1).map((to, i) => {
    const from = bounds[i]!;
    return { from, to, adapters: adapters.filter((_, n) => ranges[n]!.from <= from && to <= ranges[n]!.to) };
  });
}
