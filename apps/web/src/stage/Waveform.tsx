import type { Facts } from '../sound/facts.ts';
import { type Part, useCanvas } from './useCanvas.ts';

const bar = 2;
const gap = 1;

/** A part of a sound's waveform, as high as its loudest moment: quiet sounds are seen as well as loud ones. */
export function Waveform({ facts, part }: { facts: Facts; part: Part }) {
  const { peaks } = facts;
  const canvas = useCanvas(
    (context, width, height) => {
      const highest = Math.max(1e-4, ...chunked(peaks));
      const [first, last] = [part.from * peaks.length, part.to * peaks.length];
      const bars = Math.max(1, Math.floor(width / (bar + gap)));
      context.fillStyle = getComputedStyle(context.canvas).color;
      for (let i = 0; i < bars; i++) {
        const from = Math.floor(first + ((last - first) * i) / bars);
        const to = Math.max(from + 1, Math.floor(first + ((last - first) * (i + 1)) / bars));
        let peak = 0;
        for (let at = from; at < to && at < peaks.length; at++) peak = Math.max(peak, peaks[at]!);
        const size = Math.max(1, (peak / highest) * (height - 2));
        context.fillRect(i * (bar + gap), (height - size) / 2, bar, size);
      }
    },
    [peaks, part.from, part.to],
  );
  return <canvas className="waveform" ref={canvas} />;
}

/** Maxima of pieces, few enough to be spread into arguments. */
function chunked(peaks: Float32Array): number[] {
  const maxima: number[] = [];
  for (let start = 0; start < peaks.length; start += 1000) {
    maxima.push(peaks.subarray(start, start + 1000).reduce((most, peak) => Math.max(most, peak), 0));
  }
  return maxima;
}
