import { type ReactNode, useEffect, useRef } from 'react';
import { Area } from '../player/Area.tsx';
import { Lane } from '../player/Lane.tsx';
import { Range } from '../player/Range.tsx';
import { Ruler } from '../player/Ruler.tsx';
import { TransportBar } from '../player/TransportBar.tsx';
import { useEveryFrame } from '../player/useEveryFrame.ts';
import { Progress } from '../runs/Progress.tsx';
import { ResultActions } from '../runs/ResultActions.tsx';
import type { Run } from '../runs/run.ts';
import { resume } from '../runs/running.ts';
import { useSession } from '../service/session.ts';
import { clock, decibels, sentence } from '../shared/format.ts';
import { Trouble } from '../shared/Trouble.tsx';
import type { Region } from '../sound/transport.ts';
import { SourceActions } from '../source/SourceActions.tsx';
import { SourcePicker } from '../source/SourcePicker.tsx';
import { clearSource, longestSource } from '../source/source.ts';
import type { Axis } from './axis.ts';
import type { Kind } from './kinds.ts';
import { type Source, shownRuns, workspaces } from './store.ts';

interface Props {
  kind: Kind;
  axis(source: Source | undefined, runs: Run[]): Axis;
  /** What is drawn over the source, beside the loop and the trimming. */
  overlay?: (axis: Axis, source: Source) => ReactNode;
  /** What dragging over the source does; it makes a loop if absent. */
  onSelect?: (region: Region, source: Source) => void;
  /** What stands where nothing has been made yet. */
  empty: string;
}

/** Source and results under each other on one time axis, and what plays them. */
export function Stage({ kind, axis: axisOf, overlay, onSelect, empty }: Props) {
  const { use, transport, takesSource } = workspaces[kind];
  const { source, reading, sourceProblem, trim, runs } = use();
  const { heard, loop } = transport.state();
  const shown = shownRuns(kind, { runs, source });
  const made = shown.filter(({ sound }) => sound);
  const axis = axisOf(source, made);
  const { total } = axis;

  const tracks = [
    ...(source ? [{ id: 'source', mark: 'A', name: 'the source', sound: source.sound, offset: axis.source }] : []),
    ...made.map((run) => {
      const mark = String(shown.indexOf(run) + 1);
      return { id: run.id, mark, name: `result ${mark}`, sound: run.sound!, offset: axis.result(run) };
    }),
  ];
  useEffect(() => transport.setTracks(tracks, total));
  const known = runs.filter(({ phase }) => phase === 'known').length;
  // biome-ignore lint/correctness/useExhaustiveDependencies: only runs that nobody follows yet matter
  useEffect(() => {
    for (const run of runs) if (run.phase === 'known') void resume(kind, run);
  }, [kind, known]);

  const root = useRef<HTMLDivElement>(null);
  useEveryFrame(() => {
    const at = transport.state.getState().total ? transport.time / transport.state.getState().total : 0;
    root.current?.style.setProperty('--at', String(at));
  });

  const selectLoop = (region: Region, done: boolean) => {
    if (done) transport.setLoop(region);
    else transport.state.setState({ loop: region });
  };
  const looped = loop && (
    <Range
      total={total}
      value={loop}
      label="Loop"
      tone="loop"
      onChange={(value) => transport.state.setState({ loop: value })}
      onDone={(value) => transport.setLoop(value)}
    />
  );
  const longest = longestSource(kind);
  const remedy = (run: Run) => {
    if (run.problem?.remedy === 'key') useSession.setState({ wanted: 'Give an API key of this service.' });
    else if (run.problem?.remedy === 'choose') clearSource(kind);
    else if (source)
      use.setState({ trim: { start: 0, end: Math.min(source.sound.duration, longest ?? source.sound.duration) } });
  };

  const selectOnSource = (region: Region, done: boolean) => {
    if (!source) return;
    if (trim) return use.setState({ trim: region });
    if (!onSelect) return selectLoop(region, done);
    onSelect({ start: region.start - axis.source, end: region.end - axis.source }, source);
  };

  return (
    <div className="stage" ref={root}>
      {sourceProblem && (
        <Trouble problem={sourceProblem}>
          <button type="button" className="quiet" onClick={() => use.setState({ sourceProblem: undefined })}>
            Got it
          </button>
        </Trouble>
      )}
      {takesSource && !source && <SourcePicker kind={kind} />}
      {(source || made.length > 0) && <Ruler total={total} origin={axis.source} />}
      {source && (
        <Lane
          mark="A"
          title={source.name}
          facts={`${clock(source.sound.duration)} · ${decibels(source.sound.loudness)}`}
          kind="source"
          sound={source.sound}
          offset={axis.source}
          total={total}
          heard={heard === 'source'}
          onHear={() => transport.hear('source')}
          actions={<SourceActions kind={kind} source={source} trim={trim} busy={reading !== undefined} />}
          area={(content) => (
            <Area total={total} onSeek={(time) => transport.seek(time)} onSelect={selectOnSource}>
              {content}
            </Area>
          )}
        >
          {trim ? (
            <Range
              total={total}
              value={trim}
              label="Part to keep"
              tone="trim"
              maximum={longest ?? total}
              onChange={(value) => use.setState({ trim: value })}
            />
          ) : (
            <>
              {looped}
              {overlay?.(axis, source)}
            </>
          )}
        </Lane>
      )}
      {shown.map((run, i) => {
        const mark = String(i + 1);
        if (!run.sound) return <Progress key={run.id} kind={kind} run={run} mark={mark} onRemedy={remedy} />;
        const title = String(run.input.prompt ?? `Result ${mark}`);
        return (
          <Lane
            key={run.id}
            mark={mark}
            title={title}
            facts={`${clock(run.sound.duration)} · ${decibels(run.sound.loudness)} · seed ${run.task?.seed}`}
            notes={run.task?.warnings?.map(sentence)}
            kind="result"
            sound={run.sound}
            offset={axis.result(run)}
            total={total}
            heard={heard === run.id}
            onHear={() => transport.hear(run.id)}
            actions={<ResultActions kind={kind} run={run} title={title} />}
            area={(content) => (
              <Area total={total} onSeek={(time) => transport.seek(time)} onSelect={selectLoop}>
                {content}
              </Area>
            )}
          >
            {looped}
          </Lane>
        );
      })}
      {shown.length === 0 && (source || !takesSource) && <p className="empty">{empty}</p>}
      {tracks.length > 0 && <TransportBar transport={transport} tracks={tracks} />}
    </div>
  );
}
