import type { Facts } from '../sound/facts.ts';
import type { Run } from '../state/bench.ts';

/** Where the recording and the results lie on one time axis, in seconds. */
export interface Axis {
  total: number;
  /** Where the recording begins. */
  origin: number;
  /** Where a result begins. */
  offset(run: Run): number;
}

/** Seconds that a run has in front of its recording. */
export const leadOf = (run: Run): number => Number(run.input.extend_seconds_before ?? 0);

interface Parts {
  /** Seconds of the recording; 0 without one. */
  duration: number;
  results: { run: Run; facts: Facts }[];
  /** Room to show on each side, for handles that are dragged outwards. */
  room?: { before: number; after: number };
}

/** The axis on which the recording has one place, and each result lies where it came from. */
export function axisOf({ duration, results, room = { before: 0, after: 0 } }: Parts): Axis {
  const origin = Math.max(room.before, 0, ...results.map(({ run }) => leadOf(run)));
  const tails = results.map(({ run, facts }) => facts.duration - leadOf(run) - duration);
  const tail = Math.max(room.after, 0, ...tails);
  return { total: origin + duration + tail || 1, origin, offset: (run) => origin - leadOf(run) };
}
