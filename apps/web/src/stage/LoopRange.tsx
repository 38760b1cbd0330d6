import { transport } from '../state/timeline.ts';
import { Range } from './Range.tsx';

/** The loop, with handles. */
export function LoopRange({ total, snap }: { total: number; snap(time: number): number }) {
  const loop = transport.state((state) => state.loop);
  if (!loop) return null;
  return (
    <Range
      total={total}
      value={loop}
      label="Loop"
      tone="loop"
      snap={snap}
      onChange={(value) => transport.markLoop(value, false)}
      onDone={(value) => transport.markLoop(value, true)}
    />
  );
}
