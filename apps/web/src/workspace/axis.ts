import type { Run } from '../runs/run.ts';
import type { Source } from './store.ts';

/** Where the source and the results lie on one time axis, in seconds. */
export interface Axis {
  total: number;
  source: number;
  result(run: Run): number;
}

/** Source and results begin together. */
export function plainAxis(source: Source | undefined, runs: Run[]): Axis {
  const lengths = runs.map(({ sound }) => sound?.duration ?? 0);
  return { total: Math.max(source?.sound.duration ?? 0, ...lengths) || 1, source: 0, result: () => 0 };
}
