import { useId } from 'react';
import { serviceSettings } from '../service/settings.ts';
import { Icon } from '../shared/Icon.tsx';
import { Menu } from '../shared/Menu.tsx';
import { labelOf } from '../shared/parameter-names.ts';
import { setValue } from '../state/form.ts';
import { applyPreset, removePreset, savePreset, usePrompts } from '../state/prompts.ts';
import { did } from '../state/undo.ts';
import type { Verb } from '../state/verbs.ts';
import { ideas } from './words.ts';

interface Props {
  verb: Verb;
  value: string;
  /** Why it cannot be left as it is. */
  fault: string | undefined;
  maxLength: number | undefined;
  onSubmit(): void;
}

const { vocabulary } = serviceSettings;
const help = 'Say what it should sound like: instruments, mood, room.';

/** The prompt, with what was asked before, words that the model knows, and a dice. */
export function PromptField({ verb, value, fault, maxLength, onSubmit }: Props) {
  const id = useId();
  const set = (next: string | undefined) => setValue(verb, 'prompt', next || undefined);
  const replace = (next: string) => {
    if (next === value) return;
    set(next);
    if (value) did('Replaced the prompt', () => set(value));
  };
  return (
    <div className="field prompt">
      <div className="top">
        <label htmlFor={id}>{labelOf('prompt')}</label>
        <PromptMenus verb={verb} value={value} onReplace={replace} />
      </div>
      <textarea
        id={id}
        name="prompt"
        rows={2}
        maxLength={maxLength}
        value={value}
        placeholder="such as: strings, dark, spacious"
        aria-describedby={`${id}-help`}
        aria-invalid={fault !== undefined}
        onChange={({ target }) => set(target.value)}
        onKeyDown={(event) => {
          if (event.key === 'Enter' && (event.metaKey || event.ctrlKey)) onSubmit();
        }}
      />
      <p className={`help ${fault ? 'fault' : ''}`} id={`${id}-help`} role={fault ? 'alert' : undefined}>
        {fault ?? help}
      </p>
      {value === '' && (
        <div className="chips" role="group" aria-label="Prompts to start from">
          {ideas[verb].map((idea) => (
            <button type="button" className="chip" key={idea} onClick={() => replace(idea)}>
              {idea}
            </button>
          ))}
        </div>
      )}
    </div>
  );
}

interface MenuProps {
  verb: Verb;
  value: string;
  onReplace(prompt: string): void;
}

function PromptMenus({ verb, value, onReplace }: MenuProps) {
  const { history, presets } = usePrompts();
  const own = presets.filter((preset) => preset.verb === verb);
  const save = () => {
    const name = window.prompt('Name of the preset', value.slice(0, 40))?.trim();
    if (name) savePreset(name, verb);
  };
  return (
    <div className="prompt-menus">
      <button
        type="button"
        className="quiet"
        title="Roll the dice: a prompt of words that the model knows"
        aria-label="Roll the dice for a prompt"
        onClick={() => onReplace(rolled(verb))}
      >
        <Icon name="dice" />
      </button>
      {vocabulary.length > 0 && (
        <Menu icon="plus" label="Words" name="Words that the model knows">
          <div className="vocabulary">
            {vocabulary.map((word) => (
              <button
                type="button"
                className="chip"
                key={word}
                onClick={(event) => {
                  // The menu stays open: a prompt has several words.
                  event.stopPropagation();
                  onReplace(value ? `${value.replace(/[,\s]+$/, '')}, ${word}` : word);
                }}
              >
                {word}
              </button>
            ))}
          </div>
        </Menu>
      )}
      <Menu icon="more" label="Presets" name="Earlier prompts and presets">
        <button type="button" onClick={save}>
          Save these settings as a preset
        </button>
        {own.map((preset) => (
          <div className="row" key={preset.name}>
            <button type="button" onClick={() => applyPreset(preset)}>
              {preset.name}
            </button>
            <button type="button" aria-label={`Delete the preset ${preset.name}`} onClick={() => removePreset(preset)}>
              <Icon name="close" />
            </button>
          </div>
        ))}
        {history.map((prompt) => (
          <button type="button" key={prompt} className="earlier" title={prompt} onClick={() => onReplace(prompt)}>
            {prompt}
          </button>
        ))}
      </Menu>
    </div>
  );
}

/** A few words that the model knows, or one of the ideas where it reads free text. */
function rolled(verb: Verb): string {
  const pick = <Item,>(items: readonly Item[]) => items[Math.floor(Math.random() * items.length)]!;
  if (vocabulary.length < 3) return pick(ideas[verb]);
  const words = new Set<string>();
  while (words.size < 3) words.add(pick(vocabulary));
  return [...words].join(', ');
}
