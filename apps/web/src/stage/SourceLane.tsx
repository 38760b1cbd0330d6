import type { ReactNode } from 'react';
import { describeFacts } from '../sound/facts.ts';
import type { Region } from '../sound/transport.ts';
import { SourceActions } from '../source/SourceActions.tsx';
import { transport, useTimeline } from '../state/timeline.ts';
import type { Verb } from '../state/verbs.ts';
import { Area } from './Area.tsx';
import type { Axis } from './axis.ts';
import { Drawn } from './Drawn.tsx';
import { FrequencyAxis } from './FrequencyAxis.tsx';
import { Lane } from './Lane.tsx';
import { LoopRange } from './LoopRange.tsx';
import { Range } from './Range.tsx';
import type { StageSource } from './useStage.ts';

interface Props {
  verb: Verb;
  shown: StageSource;
  axis: Axis;
  snap(time: number): number;
  /** What the verb draws over the recording. */
  overlay: ReactNode;
  /** What dragging over it marks, in its own seconds; it makes a loop if absent. */
  onMark?: ((region: Region, done: boolean) => void) | undefined;
}

/** The recording: its sound, what is marked in it, and what can be done with it. */
export function SourceLane({ verb, shown: { source, facts }, axis, snap, overlay, onMark }: Props) {
  const heard = transport.state((state) => state.heard);
  const { trim, drawing } = useTimeline();
  const { total, origin } = axis;
  const ownTime = ({ start, end }: Region) => ({ start: Math.max(0, start - origin), end: end - origin });

  const select = (region: Region, done: boolean) => {
    if (trim) useTimeline.setState({ trim: ownTime(region) });
    else if (onMark) onMark(ownTime(region), done);
    else transport.markLoop(region, done);
  };
  return (
    <Lane
      mark="A"
      label="Source"
      kind="source"
      heard={heard === 'source'}
      onHear={() => transport.hear('source')}
      name={<strong title={source.name}>{source.name}</strong>}
      facts={facts && describeFacts(facts)}
      foot={<SourceActions verb={verb} source={source} duration={facts?.duration ?? 0} />}
    >
      <Area
        total={total}
        snap={snap}
        onSeek={(time) => transport.seek(time)}
        onSelect={select}
        drawn={facts && <Drawn facts={facts} offset={origin} total={total} compact={false} />}
      >
        {trim ? (
          <Range
            total={total}
            value={{ start: trim.start + origin, end: trim.end + origin }}
            label="Part to keep"
            tone="trim"
            snap={snap}
            onChange={(value) => useTimeline.setState({ trim: ownTime(value) })}
          />
        ) : (
          <>
            <LoopRange total={total} snap={snap} />
            {overlay}
          </>
        )}
      </Area>
      {drawing !== 'waveform' && <FrequencyAxis />}
    </Lane>
  );
}
