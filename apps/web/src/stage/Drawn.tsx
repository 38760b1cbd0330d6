import type { Facts } from '../sound/facts.ts';
import { useTimeline } from '../state/timeline.ts';
import { Spectrogram } from './Spectrogram.tsx';
import { Waveform } from './Waveform.tsx';

interface Props {
  facts: Facts;
  offset: number;
  total: number;
  /** One low row, for results that are not listened to. */
  compact: boolean;
}

/** A sound as it lies in the part of the axis that is seen. */
export function Drawn({ facts, offset, total, compact }: Props) {
  const { zoom, scroll, drawing } = useTimeline();
  const seen = { from: scroll * total, to: (scroll + 1 / zoom) * total };
  const from = Math.max(seen.from, offset);
  const to = Math.min(seen.to, offset + facts.duration);
  if (to <= from) return null;
  const share = (time: number) => `${(100 * time) / (seen.to - seen.from)}%`;
  const part = { from: (from - offset) / facts.duration, to: (to - offset) / facts.duration };
  return (
    <div className="drawn" style={{ left: share(from - seen.from), width: share(to - from) }}>
      {(compact || drawing !== 'spectrogram') && <Waveform facts={facts} part={part} />}
      {!compact && drawing !== 'waveform' && <Spectrogram facts={facts} part={part} />}
    </div>
  );
}
