import { type ReactNode, useRef } from 'react';
import { useIntake } from '../bench/intake.ts';
import { remedy } from '../runs/remedies.ts';
import { Trouble } from '../shared/Trouble.tsx';
import { gridOf } from '../sound/grid.ts';
import type { Region } from '../sound/transport.ts';
import { SourcePicker } from '../source/SourcePicker.tsx';
import { transport, useTimeline } from '../state/timeline.ts';
import { takesSource, type Verb } from '../state/verbs.ts';
import type { Axis } from './axis.ts';
import { BenchStrip } from './BenchStrip.tsx';
import { PendingLane } from './PendingLane.tsx';
import { ResultLane } from './ResultLane.tsx';
import { Ruler } from './Ruler.tsx';
import { SourceLane } from './SourceLane.tsx';
import { TransportBar } from './TransportBar.tsx';
import { useEveryFrame } from './useEveryFrame.ts';
import { useSnap } from './useSnap.ts';
import { type StageSource, useStageRuns, useStageSource, useTracks } from './useStage.ts';

export interface VerbStage {
  verb: Verb;
  /** Room beside the recording for what is added to it. */
  room?: { before: number; after: number } | undefined;
  /** What the verb draws over the recording. */
  overlay?: (axis: Axis, shown: StageSource, snap: (time: number) => number) => ReactNode;
  /** What dragging over the recording marks, in its seconds; it makes a loop if absent. */
  onMark?: ((region: Region, done: boolean, shown: StageSource) => void) | undefined;
  /** What stands where nothing has been made yet. */
  empty: string;
}

/** The bench, and one recording with its results on one time axis. */
export function Stage({ verb, room, overlay, onMark, empty }: VerbStage) {
  const shown = useStageSource(verb);
  const runs = useStageRuns(shown?.source.id);
  const visible = takesSource(verb) && !shown ? [] : runs;
  const { axis, tracks } = useTracks(shown, visible, room);
  const grid = gridOf(shown?.facts?.tempo ?? visible.find(({ facts }) => facts?.tempo)?.facts?.tempo, axis.origin);
  const snap = useSnap(grid, shown, axis.origin);
  const { problem, adding } = useIntake();
  const drawing = useTimeline((state) => state.drawing);

  const root = useRef<HTMLDivElement>(null);
  useEveryFrame(() => {
    const { total } = transport.state.getState();
    root.current?.style.setProperty('--at', String(total ? transport.time / total : 0));
  });

  return (
    <div className={`stage draws-${drawing}`} ref={root}>
      {problem && (
        <Trouble problem={problem}>
          {problem.remedy && (
            <button
              type="button"
              className="secondary"
              onClick={() => {
                useIntake.setState({ problem: undefined });
                remedy(problem);
              }}
            >
              {problem.remedy === 'trim' ? 'Trim' : problem.remedy === 'key' ? 'Use another key' : 'Choose files'}
            </button>
          )}
          <button type="button" className="quiet" onClick={() => useIntake.setState({ problem: undefined })}>
            Close
          </button>
        </Trouble>
      )}
      <BenchStrip />
      {(adding || (takesSource(verb) && !shown)) && <SourcePicker />}
      {tracks.length > 0 && <Ruler total={axis.total} origin={axis.origin} grid={grid} />}
      {shown && (
        <SourceLane
          verb={verb}
          shown={shown}
          axis={axis}
          snap={snap}
          overlay={overlay?.(axis, shown, snap)}
          onMark={onMark && ((region, done) => onMark(region, done, shown))}
        />
      )}
      {visible.map(({ run, facts }) =>
        run.task?.outputs[0] ? (
          <ResultLane
            key={run.id}
            run={run}
            facts={facts}
            offset={axis.offset(run)}
            total={axis.total}
            sourceDuration={shown?.facts?.duration ?? 0}
            snap={snap}
          />
        ) : (
          <PendingLane key={run.id} run={run} />
        ),
      )}
      {visible.length === 0 && (shown || !takesSource(verb)) && <p className="empty">{empty}</p>}
      {tracks.length > 0 && <TransportBar tracks={tracks} origin={axis.origin} grid={grid} />}
    </div>
  );
}
