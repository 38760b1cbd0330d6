import { useEffect, useMemo, useState } from 'react';
import { loadSource } from '../bench/load.ts';
import { type Grid, snapper } from '../sound/grid.ts';
import { bufferOf } from '../sound/sounds.ts';
import { useTimeline } from '../state/timeline.ts';
import type { StageSource } from './useStage.ts';

/** Where a dragged edge comes to lie: on a beat, on a zero crossing of the recording, or where it is. */
export function useSnap(grid: Grid | undefined, shown: StageSource | undefined, origin: number) {
  const snap = useTimeline((state) => state.snap);
  const [buffer, setBuffer] = useState<AudioBuffer>();
  const source = shown?.source;
  useEffect(() => {
    setBuffer(undefined);
    if (snap !== 'zero' || !source) return;
    let gone = false;
    void bufferOf(source.id, loadSource(source)).then(
      (samples) => gone || setBuffer(samples),
      () => {},
    );
    return () => {
      gone = true;
    };
  }, [snap, source]);
  return useMemo(() => {
    const sound = buffer && { samples: buffer.getChannelData(0), sampleRate: buffer.sampleRate, offset: origin };
    return snapper(snap, grid, sound);
  }, [snap, grid, buffer, origin]);
}
