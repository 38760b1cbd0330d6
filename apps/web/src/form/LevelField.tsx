import { useId } from 'react';
import { labelOf } from '../shared/parameter-names.ts';

interface Props {
  value: number;
  onChange(value: number | undefined): void;
}

/** Levels with names: what stays of the recording, and what the prompt takes over. */
export const levels = [
  { name: 'Colour', value: 0.3, help: 'Your notes and timing, in another colour.' },
  { name: 'Re-play', value: 0.5, help: 'Your notes, played by something else.' },
  { name: 'Re-imagine', value: 0.9, help: 'Only the outline of your recording remains.' },
] as const;

/** How far a transform departs from its recording. */
export function LevelField({ value, onChange }: Props) {
  const id = useId();
  const nearest = levels.toSorted((a, b) => Math.abs(a.value - value) - Math.abs(b.value - value))[0]!;
  const set = (next: number) => {
    if (!Number.isNaN(next)) onChange(Math.max(0, Math.min(next, 1)));
  };
  return (
    <div className="field level">
      <div className="top">
        <label htmlFor={id}>{labelOf('init_noise_level')}</label>
        <input
          className="number"
          type="number"
          aria-label="Level, exactly"
          min={0}
          max={1}
          step="any"
          value={value}
          onChange={({ target }) => set(target.valueAsNumber)}
        />
      </div>
      <input
        id={id}
        type="range"
        min={0}
        max={1}
        step={0.01}
        value={value}
        aria-describedby={`${id}-help`}
        style={{ '--filled': `${100 * value}%` } as React.CSSProperties}
        onChange={({ target }) => set(target.valueAsNumber)}
      />
      <div className="segments wide" role="group" aria-label="Level by name">
        {levels.map((level) => (
          <button
            type="button"
            key={level.name}
            aria-pressed={Math.abs(level.value - value) < 0.005}
            onClick={() => onChange(level.value)}
          >
            {level.name}
          </button>
        ))}
      </div>
      <p className="help" id={`${id}-help`}>
        {nearest.help}
      </p>
    </div>
  );
}
