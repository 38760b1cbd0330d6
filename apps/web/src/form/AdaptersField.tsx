import { useAdapters } from '../models/useAdapters.ts';
import { labelOf } from '../shared/parameter-names.ts';
import { setValue } from '../state/form.ts';
import type { Verb } from '../state/verbs.ts';

/** Most adapters for one task. */
const most = 4;

interface Props {
  verb: Verb;
  /** Strengths by the id of the adapter. */
  value: Record<string, number>;
}

/** Adapters (LoRA) that change the model, each at its strength; they stack. */
export function AdaptersField({ verb, value }: Props) {
  const { adapters } = useAdapters();
  if (adapters.length === 0) return null;
  const set = (id: string, strength: number | undefined) => {
    const { [id]: _, ...others } = value;
    const next = strength === undefined ? others : { ...others, [id]: strength };
    setValue(verb, 'adapters', Object.keys(next).length > 0 ? next : undefined);
  };
  const used = Object.keys(value).length;
  return (
    <fieldset className="field adapters">
      <legend>{labelOf('loras')}</legend>
      {adapters.map(({ id, name }) => (
        <div className="adapter" key={id}>
          <label className="check">
            <input
              type="checkbox"
              checked={id in value}
              disabled={!(id in value) && used >= most}
              onChange={({ target }) => set(id, target.checked ? 1 : undefined)}
            />
            {name}
          </label>
          {id in value && (
            <>
              <input
                type="range"
                min={-2}
                max={2}
                step={0.05}
                value={value[id]}
                aria-label={`Strength of ${name}`}
                onChange={({ target }) => set(id, target.valueAsNumber)}
              />
              <span className="unit">{value[id]!.toFixed(2)}</span>
            </>
          )}
        </div>
      ))}
    </fieldset>
  );
}
