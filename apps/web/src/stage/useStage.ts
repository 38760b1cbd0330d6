import { useEffect, useMemo } from 'react';
import { loadResult, loadSource, soundOf } from '../bench/load.ts';
import type { Facts } from '../sound/facts.ts';
import { factsOf, useSounds } from '../sound/sounds.ts';
import { type Run, runsOf, type Source, useBench } from '../state/bench.ts';
import { transport } from '../state/timeline.ts';
import { takesSource, type Verb } from '../state/verbs.ts';
import { type Axis, axisOf } from './axis.ts';
import type { ListedTrack } from './tracks.ts';

/** The recording of the stage with what is known of it. */
export interface StageSource {
  source: Source;
  facts: Facts | undefined;
}

/** The recording that a verb works on, if it works on one. */
export function useStageSource(verb: Verb): StageSource | undefined {
  const source = useBench(({ sources, selected }) => sources.find(({ id }) => id === selected));
  const facts = useSounds((state) => (source ? state.facts[source.id] : undefined));
  const shown = takesSource(verb) && source?.removedAt === undefined ? source : undefined;
  useEffect(() => {
    if (shown) factsOf(shown.id, loadSource(shown)).catch(() => {});
  }, [shown]);
  return shown && { source: shown, facts };
}

export interface StageRun {
  run: Run;
  facts: Facts | undefined;
}

/** What was made from a recording, or without one, newest first. */
export function useStageRuns(sourceId: string | undefined): StageRun[] {
  const all = useBench(({ runs }) => runs);
  const facts = useSounds((state) => state.facts);
  const runs = useMemo(() => runsOf(all, sourceId), [all, sourceId]);
  useEffect(() => {
    for (const run of runs) {
      const [output] = run.task?.outputs ?? [];
      // What cannot be fetched now, such as an expired file, is shown without its waveform.
      if (output) factsOf(soundOf(output), loadResult(run)).catch(() => {});
    }
  }, [runs]);
  return runs.map((run) => {
    const [output] = run.task?.outputs ?? [];
    return { run, facts: output === undefined ? undefined : facts[soundOf(output)] };
  });
}

interface StageTracks {
  axis: Axis;
  /** Ids with their marks, as they can be listened to. */
  tracks: ListedTrack[];
}

/** Lays recording and results out on one axis, and gives them to the transport. */
export function useTracks(
  shown: StageSource | undefined,
  runs: StageRun[],
  room: { before: number; after: number } | undefined,
): StageTracks {
  const made = runs.flatMap(({ run, facts }) => (facts ? [{ run, facts }] : []));
  const axis = axisOf({ duration: shown?.facts?.duration ?? 0, results: made, ...(room ? { room } : {}) });
  const tracks = [
    ...(shown?.facts
      ? [track('source', 'A', 'the source', shown.source.id, shown.facts, axis.origin, loadSource(shown.source))]
      : []),
    ...made.map(({ run, facts }) =>
      track(
        run.id,
        String(run.number),
        `result ${run.number}`,
        soundOf(run.task!.outputs[0]!),
        facts,
        axis.offset(run),
        loadResult(run),
      ),
    ),
  ];
  useEffect(() => transport.setTracks(tracks, axis.total));
  return { axis, tracks };
}

function track(
  id: string,
  mark: string,
  name: string,
  sound: string,
  { duration, loudness }: Facts,
  offset: number,
  load: ReturnType<typeof loadSource>,
) {
  return { id, mark, name, sound, duration, loudness, offset, load };
}
