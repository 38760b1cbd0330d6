import { useState } from 'react';
import { start } from '../runs/running.ts';
import { modelNamed } from '../service/catalogue.ts';
import { dollars } from '../shared/format.ts';
import { Trouble } from '../shared/Trouble.tsx';
import { defaultOf, fitted, formParameters, inputOf } from '../workspace/input.ts';
import { type Kind, kinds } from '../workspace/kinds.ts';
import { setValue, workspaces } from '../workspace/store.ts';
import { ParameterField } from './ParameterField.tsx';
import { PromptField } from './PromptField.tsx';
import { ideas, wordsFor } from './words.ts';

const modelNames: Record<string, string> = { music: 'Music', 'text-to-audio': 'Sound effects' };
const counts = [1, 2, 3, 4];

/** What is to be made: the prompt, the parameters from the model's schema, and the button. */
export function Controls({ kind }: { kind: Kind }) {
  const { use, takesSource } = workspaces[kind];
  const state = use();
  const { model, values, variations, source, trim } = state;
  const [fault, setFault] = useState<{ prompt?: string; source?: string }>({});
  const parameters = formParameters(model);
  const price = modelNamed(model).base_price * variations;

  const run = () => {
    const { values, source, trim } = use.getState();
    const missing = {
      ...(String(values.prompt ?? '').trim() ? {} : { prompt: 'Say what it should sound like, or take one of these.' }),
      ...(takesSource && !source ? { source: 'First choose a recording.' } : {}),
      ...(takesSource && trim ? { source: 'First keep a part of the recording, or leave trimming.' } : {}),
    };
    setFault(missing);
    if (missing.prompt) document.querySelector<HTMLElement>('textarea[name=prompt]')?.focus();
    if (missing.prompt || missing.source) return;
    const input = inputOf(use.getState());
    for (let i = 0; i < variations; i++) {
      // With a seed of its own each, or they would all be the same.
      const seed = i > 0 && Number(input.seed) >= 0 ? { seed: Number(input.seed) + i } : {};
      void start(kind, { ...input, ...seed });
    }
  };

  const field = (name: string) => {
    const parameter = fitted(parameters.find((each) => each.name === name)!, source);
    return (
      <ParameterField
        key={name}
        parameter={parameter}
        value={values[name]}
        standard={defaultOf(parameter, source)}
        onChange={(value) => setValue(kind, name, value)}
      />
    );
  };
  const prompt = parameters.find(({ name }) => name === 'prompt');
  const others = parameters.map(({ name }) => name).filter((name) => name !== 'prompt');
  const fine = others.filter((name) => wordsFor(name).fine);
  const changed = fine.filter((name) => values[name] !== undefined).length;

  return (
    <form
      className="controls"
      aria-label={`${kinds[kind].title} settings`}
      onSubmit={(event) => {
        event.preventDefault();
        run();
      }}
    >
      {kinds[kind].models.length > 1 && (
        <div className="segments wide" role="group" aria-label="What to make">
          {kinds[kind].models.map((name) => (
            <button
              type="button"
              key={name}
              aria-pressed={model === name}
              onClick={() => use.setState({ model: name })}
            >
              {modelNames[name] ?? name}
            </button>
          ))}
        </div>
      )}
      <PromptField
        value={String(values.prompt ?? '')}
        ideas={ideas[kind]}
        fault={fault.prompt}
        maxLength={prompt?.maxLength}
        onChange={(value) => {
          setValue(kind, 'prompt', value);
          if (value) setFault({});
        }}
        onSubmit={run}
      />
      {others.filter((name) => !fine.includes(name)).map(field)}
      <details className="fine">
        <summary>Fine tuning{changed > 0 && <span className="tag">{changed} changed</span>}</summary>
        {fine.map(field)}
      </details>
      <div className="go">
        <div className="variations">
          <span id="variations">Variations</span>
          <div className="segments" role="group" aria-labelledby="variations">
            {counts.map((count) => (
              <button
                type="button"
                key={count}
                aria-pressed={variations === count}
                onClick={() => use.setState({ variations: count })}
              >
                {count}
              </button>
            ))}
          </div>
        </div>
        {fault.source && takesSource && (!source || trim) && (
          <Trouble problem={{ title: 'No recording to work on', advice: fault.source }} />
        )}
        <button type="submit" className="primary run">
          {kinds[kind].verb}
          <span className="price">{dollars(price, 4)}</span>
        </button>
      </div>
    </form>
  );
}
