import { Icon } from '../shared/Icon.tsx';
import { labelOf } from '../shared/parameter-names.ts';
import type { Region } from '../sound/transport.ts';
import { change, type Source } from '../state/bench.ts';
import { regionsOf } from './input.ts';
import { SecondsInput } from './SecondsInput.tsx';

const rounded = (time: number) => Math.round(time * 100) / 100;

/** The regions that are regenerated, exactly; on the waveform they are dragged. */
export function RegionsField({ source, duration }: { source: Source | undefined; duration: number | undefined }) {
  if (!source || duration === undefined) return null;
  const regions = regionsOf(source, duration);
  const set = (next: Region[]) => change('source', source.id, { regions: next });
  const add = () => set([...regions, nextRegion(regions, duration)].toSorted((a, b) => a.start - b.start));
  return (
    <fieldset className="field regions">
      <legend>{labelOf('regions')}</legend>
      {regions.map((region, i) => {
        const name = regions.length > 1 ? ` of region ${i + 1}` : '';
        const replace = (next: Region) => set(regions.map((each, at) => (at === i ? next : each)));
        return (
          // biome-ignore lint/suspicious/noArrayIndexKey: a region is known by its place, and keeps the focus while it moves
          <div className="region" key={`${i} of ${regions.length}`}>
            <SecondsInput
              label={`From${name}, in seconds`}
              value={region.start}
              least={0}
              most={rounded(region.end - 0.1)}
              onChange={(start) => replace({ ...region, start })}
            />
            <span>to</span>
            <SecondsInput
              label={`To${name}, in seconds`}
              value={region.end}
              least={rounded(region.start + 0.1)}
              most={rounded(duration)}
              onChange={(end) => replace({ ...region, end })}
            />
            <span className="unit">s</span>
            {regions.length > 1 && (
              <button
                type="button"
                className="quiet"
                aria-label={`Remove region ${i + 1}`}
                onClick={() => set(regions.filter((_, at) => at !== i))}
              >
                <Icon name="close" />
              </button>
            )}
          </div>
        );
      })}
      <button type="button" className="quiet" onClick={add}>
        <Icon name="plus" /> Add a region
      </button>
    </fieldset>
  );
}

/** A region in the largest gap between the others. */
function nextRegion(regions: Region[], duration: number): Region {
  const edges = [{ start: 0, end: 0 }, ...regions, { start: duration, end: duration }];
  const gaps = edges.slice(1).map(({ start }, i) => ({ start: edges[i]!.end, end: start }));
  const widest = gaps.toSorted((a, b) => b.end - b.start - (a.end - a.start))[0]!;
  const margin = (widest.end - widest.start) / 4;
  return { start: rounded(widest.start + margin), end: rounded(widest.end - margin) };
}
