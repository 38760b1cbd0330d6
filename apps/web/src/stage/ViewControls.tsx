import { Icon } from '../shared/Icon.tsx';
import { Menu } from '../shared/Menu.tsx';
import type { Snap } from '../sound/grid.ts';
import { type Drawing, setView, showAll, useTimeline, zoomBy } from '../state/timeline.ts';

const drawings: [Drawing, string][] = [
  ['waveform', 'Waveform'],
  ['spectrogram', 'Spectrogram'],
  ['both', 'Both'],
];
const snaps: [Snap, string][] = [
  ['off', 'Off'],
  ['beats', 'Beats'],
  ['zero', 'Zero crossings'],
];

/** Zoom, and a menu of how the time axis is shown. */
export function ViewControls({ hasGrid }: { hasGrid: boolean }) {
  const { zoom, snap, units, drawing } = useTimeline();
  return (
    <div className="views">
      <div className="segments" role="group" aria-label="Zoom">
        <button type="button" aria-label="Zoom out" disabled={zoom <= 1} onClick={() => zoomBy(0.5)}>
          <Icon name="minus" />
        </button>
        <button type="button" aria-label="Zoom in" onClick={() => zoomBy(2)}>
          <Icon name="plus" />
        </button>
        <button type="button" aria-label="Show all" disabled={zoom <= 1} onClick={showAll}>
          <Icon name="fit" />
        </button>
      </div>
      <Menu icon="settings" label="Display">
        <Choice label="Display" value={drawing} options={drawings} onChange={(value) => setView({ drawing: value })} />
        <Choice label="Snap to" value={snap} options={snaps} onChange={(value) => setView({ snap: value })} />
        <Choice
          label={hasGrid ? 'Ruler' : 'Ruler (no tempo found)'}
          value={units}
          options={[
            ['seconds', 'Seconds'],
            ['bars', 'Bars'],
          ]}
          onChange={(value) => setView({ units: value })}
        />
      </Menu>
    </div>
  );
}

interface ChoiceProps<Value extends string> {
  label: string;
  value: Value;
  options: [Value, string][];
  onChange(value: Value): void;
}

function Choice<Value extends string>({ label, value, options, onChange }: ChoiceProps<Value>) {
  return (
    <fieldset className="choice">
      <legend>{label}</legend>
      {options.map(([name, text]) => (
        <button type="button" key={name} aria-pressed={value === name} onClick={() => onChange(name)}>
          {text}
        </button>
      ))}
    </fieldset>
  );
}
