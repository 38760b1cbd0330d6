import { soundOf } from '../bench/load.ts';
import { setFavourite } from '../bench/results.ts';
import { titleOf } from '../bench/titles.ts';
import { DragHandle } from '../results/DragHandle.tsx';
import { Provenance, summaryOf } from '../results/Provenance.tsx';
import { ResultActions } from '../results/ResultActions.tsx';
import { ResultName } from '../results/ResultName.tsx';
import { clock, sentence } from '../shared/format.ts';
import { Icon } from '../shared/Icon.tsx';
import { inTheirWords } from '../shared/parameter-names.ts';
import type { Facts } from '../sound/facts.ts';
import type { Run } from '../state/bench.ts';
import { transport } from '../state/timeline.ts';
import { Area } from './Area.tsx';
import { Drawn } from './Drawn.tsx';
import { Lane } from './Lane.tsx';
import { LoopRange } from './LoopRange.tsx';
import { MadeRegions } from './MadeRegions.tsx';

interface Props {
  run: Run;
  facts: Facts | undefined;
  offset: number;
  total: number;
  /** Seconds of the recording that it was made from. */
  sourceDuration: number;
  snap(time: number): number;
}

/** A result: compact until it is listened to, then with what it was made with and what can be done with it. */
export function ResultLane({ run, facts, offset, total, sourceDuration, snap }: Props) {
  const heard = transport.state((state) => state.heard === run.id);
  const title = titleOf(run);
  const warnings = run.task?.warnings ?? [];
  return (
    <Lane
      mark={String(run.number)}
      label={`Result ${run.number}`}
      kind="result"
      heard={heard}
      onHear={() => transport.hear(run.id)}
      name={<ResultName run={run} />}
      facts={
        <>
          {summaryOf(run)}
          {facts && ` · ${clock(facts.duration)}`}
        </>
      }
      corner={
        <>
          <button
            type="button"
            className="quiet favourite"
            aria-pressed={run.favourite === true}
            aria-label={`Favourite: ${title}`}
            title="Favourite"
            onClick={() => setFavourite(run, !run.favourite)}
          >
            <Icon name={run.favourite ? 'starred' : 'star'} />
          </button>
          <DragHandle run={run} />
        </>
      }
      foot={
        <>
          {warnings.map((warning) => (
            <p className="note" key={warning}>
              {sentence(inTheirWords(warning))}
            </p>
          ))}
          {heard && <Provenance run={run} facts={facts} />}
          {heard && <ResultActions run={run} sound={soundOf(run.task!.outputs[0]!)} offset={offset} />}
        </>
      }
    >
      <Area
        total={total}
        snap={snap}
        onSeek={(time) => {
          transport.hear(run.id);
          transport.seek(time);
        }}
        onSelect={(region, done) => transport.markLoop(region, done)}
        drawn={
          facts ? (
            <Drawn facts={facts} offset={offset} total={total} compact={!heard} />
          ) : (
            <p className="loading">Loading the result</p>
          )
        }
      >
        <MadeRegions run={run} offset={offset} total={total} sourceDuration={sourceDuration} />
        <LoopRange total={total} snap={snap} />
      </Area>
    </Lane>
  );
}
