import { pitchShare } from '../sound/spectrogram.ts';

const marks: [number, string][] = [
  [300, '300'],
  [2000, '2k'],
  [8000, '8k Hz'],
];

/** Hertz along a spectrogram. */
export function FrequencyAxis() {
  return (
    <div className="hertz" aria-hidden="true">
      {marks.map(([hertz, label]) => (
        <span key={hertz} style={{ bottom: `${100 * pitchShare(hertz)}%` }}>
          {label}
        </span>
      ))}
    </div>
  );
}
