import { regionsOf } from '../form/input.ts';
import type { Region } from '../sound/transport.ts';
import { Range } from '../stage/Range.tsx';
import type { StageSource } from '../stage/useStage.ts';
import { change } from '../state/bench.ts';
import { Workbench } from './Workbench.tsx';

/** Seconds between two regions, below which they are one. */
const leastGap = 0.05;

/** Parts of a recording regenerated. */
export function Inpaint() {
  return (
    <Workbench
      verb="inpaint"
      empty="Drag over the waveform to mark what is regenerated, say what should be there, and press Fill in."
      onMark={mark}
      overlay={({ total, origin }, shown, snap) =>
        regionsOf(shown.source, shown.facts?.duration ?? 0).map((region, i, all) => (
          <Range
            // biome-ignore lint/suspicious/noArrayIndexKey: a region is known by its place, and keeps the focus while it moves
            key={`${i} of ${all.length}`}
            total={total}
            value={{ start: region.start + origin, end: region.end + origin }}
            label={all.length > 1 ? `Region ${i + 1}` : 'Region'}
            tone="mask"
            snap={snap}
            onChange={({ start, end }) =>
              set(
                shown,
                all.map((each, at) => (at === i ? { start: start - origin, end: end - origin } : each)),
              )
            }
          />
        ))
      }
    />
  );
}

function set({ source, facts }: StageSource, regions: Region[]): void {
  const limit = facts?.duration ?? Number.POSITIVE_INFINITY;
  const rounded = (time: number) => Math.round(Math.max(0, Math.min(time, limit)) * 100) / 100;
  const all = regions.map(({ start, end }) => ({ start: rounded(start), end: rounded(end) }));
  change('source', source.id, { regions: all });
}

/** A dragged stretch takes the place of the only region, or of those that it touches; with several it is one more. */
function mark(region: Region, _done: boolean, shown: StageSource): void {
  const marked = shown.source.regions ?? [];
  const apart = marked.filter(({ start, end }) => end < region.start - leastGap || start > region.end + leastGap);
  const kept = marked.length > 1 ? apart : [];
  set(
    shown,
    [...kept, region].toSorted((a, b) => a.start - b.start),
  );
}
