import { longestSeconds } from '@retone/contract';
import { useRef } from 'react';
import { Range } from '../player/Range.tsx';
import type { Run } from '../runs/run.ts';
import type { Axis } from '../workspace/axis.ts';
import { numberOf } from '../workspace/input.ts';
import { type Source, workspaces } from '../workspace/store.ts';
import { Workspace } from '../workspace/Workspace.tsx';

const { use } = workspaces.extend;
const beforeOf = (run: Run) => Number(run.input.extend_seconds_before ?? 0);
const share = (part: number, total: number) => `${(100 * part) / total}%`;

/** What comes before and after a recording. */
export function Extend() {
  const state = use();
  const before = numberOf(state, 'extend_seconds_before');
  const after = numberOf(state, 'extend_seconds_after');
  // The axis stands still while a handle is dragged along it.
  const room = useRef({ before: 0, after: 0 });
  const dragging = useRef(false);

  const axis = (source: Source | undefined, runs: Run[]): Axis => {
    const duration = source?.sound.duration ?? 0;
    if (!dragging.current) {
      const spare = Math.max(4, duration / 4);
      room.current = { before: before + spare, after: after + spare };
    }
    const lead = Math.max(room.current.before, before, ...runs.map(beforeOf));
    const tails = runs.map((run) => (run.sound?.duration ?? 0) - beforeOf(run) - duration);
    const tail = Math.max(room.current.after, after, ...tails);
    return { total: lead + duration + tail, source: lead, result: (run) => lead - beforeOf(run) };
  };

  return (
    <Workspace
      kind="extend"
      intro="Drag the ends of a recording outwards. What comes before and after it is made new."
      axis={axis}
      empty="Drag the handles outwards, say what should come there, and press Extend."
      overlay={({ total, source: start }, { sound }) => {
        const end = start + sound.duration;
        const set = (value: { start: number; end: number }) => {
          const rounded = (time: number) => Math.max(0, Math.min(longestSeconds, Math.round(time * 10) / 10));
          const values = {
            extend_seconds_before: rounded(start - value.start),
            extend_seconds_after: rounded(value.end - end),
          };
          use.setState({ values: { ...use.getState().values, ...values } });
        };
        return (
          <>
            <div className="new" style={{ left: share(start - before, total), width: share(before, total) }}>
              {before >= 1 && <span>+{before} s</span>}
            </div>
            <div className="new" style={{ left: share(end, total), width: share(after, total) }}>
              {after >= 1 && <span>+{after} s</span>}
            </div>
            <Range
              total={total}
              value={{ start: start - before, end: end + after }}
              core={{ start, end }}
              label="Extended recording"
              tone="extend"
              onChange={(value) => {
                dragging.current = true;
                set(value);
              }}
              onDone={(value) => {
                dragging.current = false;
                set({ ...value });
              }}
            />
          </>
        );
      }}
    />
  );
}
