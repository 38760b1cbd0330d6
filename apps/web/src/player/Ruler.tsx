/** Seconds along the common time axis, from where the source begins. */
export function Ruler({ total, origin }: { total: number; origin: number }) {
  const step = [0.5, 1, 2, 5, 10, 15, 30, 60].find((each) => total / each <= 9) ?? 60;
  const first = Math.ceil(-origin / step);
  const ticks = Array.from({ length: Math.floor((total - origin) / step) - first + 1 }, (_, i) => (first + i) * step);
  return (
    <div className="ruler" aria-hidden="true">
      {ticks.map((time) => (
        <span key={time} style={{ left: `${(100 * (time + origin)) / total}%` }}>
          {time >= 60
            ? `${Math.floor(time / 60)}:${String(time % 60).padStart(2, '0')}`
            : String(time).replace('-', '−')}
        </span>
      ))}
    </div>
  );
}
