/** Seconds along the common time axis. */
export function Ruler({ total }: { total: number }) {
  const step = [0.5, 1, 2, 5, 10, 15, 30, 60].find((each) => total / each <= 9) ?? 60;
  const ticks = Array.from({ length: Math.floor(total / step) + 1 }, (_, i) => i * step);
  return (
    <div className="ruler" aria-hidden="true">
      {ticks.map((time) => (
        <span key={time} style={{ left: `${(100 * time) / total}%` }}>
          {time >= 60 ? `${Math.floor(time / 60)}:${String(time % 60).padStart(2, '0')}` : time}
        </span>
      ))}
    </div>
  );
}
