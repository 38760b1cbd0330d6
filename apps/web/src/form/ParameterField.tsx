import { useId, useState } from 'react';
import type { Parameter } from '../service/catalogue.ts';
import { labelOf } from '../shared/parameter-names.ts';
import { wordsFor } from './words.ts';

interface Props {
  parameter: Parameter;
  /** Undefined: the default. */
  value: unknown;
  standard: unknown;
  onChange(value: unknown): void;
}

/** One parameter: its name, its range, its default, and a line of help. */
export function ParameterField(props: Props) {
  const { parameter } = props;
  if (parameter.name === 'seed') return <SeedField {...props} />;
  if (parameter.type === 'number' || parameter.type === 'integer') return <NumberField {...props} />;
  return <TextField {...props} />;
}

function NumberField({ parameter, value, standard, onChange }: Props) {
  const id = useId();
  const { help, ends, unit = '', step = 1, reach } = wordsFor(parameter.name);
  const label = labelOf(parameter.name);
  const { minimum = 0, maximum } = parameter;
  const shown = Number(value ?? standard ?? minimum);
  const most = Math.max(shown, Math.min(reach ?? Number.POSITIVE_INFINITY, maximum ?? Math.max(10, shown)));
  const text = `${+shown.toFixed(2)}${unit && ` ${unit}`}`;
  const isSet = value !== undefined && value !== standard;
  // What is being typed stands as it is: an empty field, or the first of two digits, is not yet the number that is meant.
  const [typed, setTyped] = useState<string>();
  const set = (next: number) => {
    if (Number.isNaN(next)) return;
    onChange(Math.max(minimum, Math.min(next, maximum ?? next)));
  };
  return (
    <div className="field">
      <div className="top">
        <label htmlFor={id}>{label}</label>
        {isSet && (
          <button type="button" className="reset" onClick={() => onChange(undefined)}>
            Default {String(standard ?? '')}
          </button>
        )}
        <input
          className="number"
          type="number"
          aria-label={`${label}${unit && ' in seconds'}, exactly`}
          step={parameter.type === 'integer' ? 1 : 'any'}
          value={typed ?? +shown.toFixed(2)}
          onChange={({ target }) => {
            setTyped(target.value);
            set(target.valueAsNumber);
          }}
          onBlur={() => setTyped(undefined)}
        />
        {unit && <span className="unit">{unit}</span>}
      </div>
      <input
        id={id}
        type="range"
        min={minimum}
        max={most}
        step={step}
        value={shown}
        aria-valuetext={text}
        aria-describedby={`${id}-help`}
        style={{ '--filled': `${(100 * (shown - minimum)) / (most - minimum)}%` } as React.CSSProperties}
        onChange={({ target }) => set(target.valueAsNumber)}
      />
      <div className="ends">
        <span>{ends ? ends[0] : `${minimum}${unit && ` ${unit}`}`}</span>
        <span>{ends ? ends[1] : `${most}${unit && ` ${unit}`}`}</span>
      </div>
      <p className="help" id={`${id}-help`}>
        {help} {ends && <span className="span">{`${minimum} to ${most}, default ${standard}.`}</span>}
      </p>
    </div>
  );
}

function SeedField({ parameter, value, onChange }: Props) {
  const id = useId();
  const { help } = wordsFor(parameter.name);
  const label = labelOf(parameter.name);
  const fixed = value !== undefined && Number(value) >= 0;
  return (
    <div className="field">
      <div className="top">
        <label htmlFor={id}>{label}</label>
        {fixed && (
          <button type="button" className="reset" onClick={() => onChange(undefined)}>
            New one every time
          </button>
        )}
      </div>
      <input
        id={id}
        type="text"
        inputMode="numeric"
        autoComplete="off"
        placeholder="a new one every time"
        value={fixed ? String(value) : ''}
        aria-describedby={`${id}-help`}
        onChange={({ target }) => {
          const digits = target.value.replace(/\D/g, '').slice(0, 15);
          onChange(digits === '' ? undefined : Number(digits));
        }}
      />
      <p className="help" id={`${id}-help`}>
        {help}
      </p>
    </div>
  );
}

function TextField({ parameter, value, onChange }: Props) {
  const id = useId();
  const { help } = wordsFor(parameter.name);
  const label = labelOf(parameter.name);
  return (
    <div className="field">
      <div className="top">
        <label htmlFor={id}>{label}</label>
      </div>
      {parameter.enum ? (
        <select
          id={id}
          value={String(value ?? parameter.default ?? '')}
          onChange={({ target }) => onChange(target.value)}
        >
          {parameter.enum.map((each) => (
            <option key={each}>{each}</option>
          ))}
        </select>
      ) : (
        <input
          id={id}
          type="text"
          autoComplete="off"
          maxLength={parameter.maxLength}
          value={String(value ?? '')}
          aria-describedby={`${id}-help`}
          onChange={({ target }) => onChange(target.value || undefined)}
        />
      )}
      <p className="help" id={`${id}-help`}>
        {help}
      </p>
    </div>
  );
}
