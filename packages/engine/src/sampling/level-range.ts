import { EngineError } from '../errors.ts';

/** A span of noise levels, of which 1 is noise alone and 0 none. */
export interface LevelRange {
  from: number;
  to: number;
}

/** @throws EngineError when a range of noise levels is not one */
export function assertLevels(name: string, { from, to }: LevelRange): void {
  if (from >= 0 && to <= 1 && from < to) return;
  throw new EngineError(
    'invalid-argument',
    `${name} must be noise levels between 0 and 1, the lower one first (got ${from}-${to})`,
  );
}
