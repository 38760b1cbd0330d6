import type { Region } from '../sound/transport.ts';
import type { Run } from '../state/bench.ts';
import { leadOf } from './axis.ts';

interface Props {
  run: Run;
  offset: number;
  total: number;
  sourceDuration: number;
}

/** Shades what was regenerated or added in a result. */
export function MadeRegions({ run, offset, total, sourceDuration }: Props) {
  return madeRegions(run, sourceDuration).map(({ start, end }) => (
    <div
      key={start}
      className="made"
      style={{ left: `${(100 * (start + offset)) / total}%`, width: `${(100 * (end - start)) / total}%` }}
    />
  ));
}

/** What a run has made within a result whose rest it kept, in seconds of the result; nothing if it has made all of it. */
function madeRegions(run: Run, sourceDuration: number): Region[] {
  const { verb, input } = run;
  if (verb === 'inpaint') {
    if (Array.isArray(input.regions)) return input.regions as Region[];
    return [{ start: Number(input.mask_start_seconds ?? 0), end: Number(input.mask_end_seconds ?? sourceDuration) }];
  }
  if (verb !== 'extend') return [];
  const lead = leadOf(run);
  const after = Number(input.extend_seconds_after ?? 0);
  const end = lead + sourceDuration;
  return [...(lead > 0 ? [{ start: 0, end: lead }] : []), ...(after > 0 ? [{ start: end, end: end + after }] : [])];
}
