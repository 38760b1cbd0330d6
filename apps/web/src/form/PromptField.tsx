import { useId } from 'react';
import { wordsFor } from './words.ts';

interface Props {
  value: string;
  ideas: readonly string[];
  /** Why it cannot be left as it is. */
  fault: string | undefined;
  maxLength: number | undefined;
  onChange(value: string | undefined): void;
  onSubmit(): void;
}

/** The prompt, with a few to start from. */
export function PromptField({ value, ideas, fault, maxLength, onChange, onSubmit }: Props) {
  const id = useId();
  const { label, help } = wordsFor('prompt');
  return (
    <div className="field prompt">
      <label htmlFor={id}>{label}</label>
      <textarea
        id={id}
        name="prompt"
        rows={3}
        maxLength={maxLength}
        value={value}
        placeholder={ideas[0]}
        aria-describedby={`${id}-help`}
        aria-invalid={fault !== undefined}
        onChange={({ target }) => onChange(target.value || undefined)}
        onKeyDown={(event) => {
          if (event.key === 'Enter' && (event.metaKey || event.ctrlKey)) onSubmit();
        }}
      />
      <p className={`help ${fault ? 'fault' : ''}`} id={`${id}-help`} role={fault ? 'alert' : undefined}>
        {fault ?? help}
      </p>
      <div className="chips" role="group" aria-label="Prompts to start from">
        {ideas.map((idea) => (
          <button type="button" className="chip" key={idea} onClick={() => onChange(idea)}>
            {idea}
          </button>
        ))}
      </div>
    </div>
  );
}
