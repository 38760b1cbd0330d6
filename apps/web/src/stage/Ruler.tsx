import { clock } from '../shared/format.ts';
import { beatsPerBar, type Grid } from '../sound/grid.ts';
import { useTimeline } from '../state/timeline.ts';

interface Props {
  total: number;
  /** Where the recording begins on the axis; times count from there. */
  origin: number;
  grid: Grid | undefined;
}

const steps = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800];
const barSteps = [0.25, 1, 2, 4, 8, 16, 32, 64, 128];
/** Most labels along the stage. */
const most = 9;

/** Seconds, or bars, along the common time axis. */
export function Ruler({ total, origin, grid }: Props) {
  const { zoom, scroll, units } = useTimeline();
  const seen = total / zoom;
  const from = scroll * total;
  const marks = units === 'bars' && grid ? barMarks(grid, from, seen) : secondMarks(origin, from, seen);
  return (
    <div className="ruler" aria-hidden="true">
      {marks.map(({ at, label }) => (
        <span key={at} style={{ left: `${(100 * (at - from)) / seen}%` }}>
          {label}
        </span>
      ))}
    </div>
  );
}

interface Mark {
  at: number;
  label: string;
}

function secondMarks(origin: number, from: number, seen: number): Mark[] {
  const step = steps.find((each) => seen / each <= most) ?? 3600;
  const first = Math.ceil((from - origin) / step - 1e-6);
  const count = Math.floor((from + seen - origin) / step + 1e-6) - first + 1;
  return Array.from({ length: Math.max(0, count) }, (_, i) => {
    const time = (first + i) * step;
    return { at: time + origin, label: timeLabel(time, step) };
  });
}

function timeLabel(time: number, step: number): string {
  const digits = step < 0.1 ? 2 : step < 1 ? 1 : 0;
  if (Math.abs(time) < 60) return time.toFixed(digits).replace('-', '−');
  return `${time < 0 ? '−' : ''}${clock(Math.abs(time), digits)}`;
}

function barMarks({ first, beat }: Grid, from: number, seen: number): Mark[] {
  const bar = beat * beatsPerBar;
  const step = barSteps.find((each) => seen / (each * bar) <= most) ?? 256;
  const start = Math.ceil((from - first) / (step * bar) - 1e-6);
  const count = Math.floor((from + seen - first) / (step * bar) + 1e-6) - start + 1;
  return Array.from({ length: Math.max(0, count) }, (_, i) => {
    const bars = (start + i) * step;
    const whole = Math.floor(bars);
    const beatOf = Math.round((bars - whole) * beatsPerBar);
    return { at: first + bars * bar, label: `${whole + 1}${step < 1 ? `.${beatOf + 1}` : ''}` };
  });
}
