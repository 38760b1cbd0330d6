import { useState } from 'react';
import { longestResult, modelNamed, parametersOf } from '../service/catalogue.ts';
import { serviceSettings } from '../service/settings.ts';
import { useStageSource } from '../stage/useStage.ts';
import { change } from '../state/bench.ts';
import { setForm, setValue, useForms } from '../state/form.ts';
import { canUseDevice, usePlace } from '../state/place.ts';
import { useTimeline } from '../state/timeline.ts';
import { takesSource, type Verb, verbs } from '../state/verbs.ts';
import { AdaptersField } from './AdaptersField.tsx';
import { Go } from './Go.tsx';
import { defaultOf, fieldsOf, settingOf } from './input.ts';
import { LevelField } from './LevelField.tsx';
import { ParameterField } from './ParameterField.tsx';
import { PlaceField } from './PlaceField.tsx';
import { PromptField } from './PromptField.tsx';
import { RegionsField } from './RegionsField.tsx';
import { type Faults, submit } from './submit.ts';
import { wordsFor } from './words.ts';

/** Whether both a service and this device can make sound. */
const choosesPlace = canUseDevice && !serviceSettings.alone;
const levelName = 'init_noise_level';
const modelNames: Record<string, string> = { music: 'Music', 'text-to-audio': 'Sound effects' };

/** What is to be made: the prompt, the level, the parameters of the model, and the button. */
export function Controls({ verb }: { verb: Verb }) {
  const form = useForms((forms) => forms[verb]);
  const shown = useStageSource(verb);
  const trim = useTimeline((state) => state.trim);
  const [faults, setFaults] = useState<Faults>({});
  const place = usePlace((state) => state.place);
  const { model, values } = form;
  const duration = shown?.facts?.duration;
  const fields = fieldsOf(model);
  const isFine = (name: string) => name !== levelName && wordsFor(name).fine === true;
  const changed = fields.filter(({ name }) => isFine(name) && values[name] !== undefined).length;
  const run = () => setFaults(submit(verb));

  const field = (name: string) => {
    const parameter = fields.find((each) => each.name === name)!;
    const value = settingOf(parameter, form, shown?.source, duration);
    const set = (next: unknown) => {
      // The length belongs to the recording: another one has its own.
      if (name === 'duration' && shown) change('source', shown.source.id, { length: next as number | undefined });
      else setValue(verb, name, next);
    };
    if (name === levelName) return <LevelField key={name} value={Number(value)} onChange={set} />;
    return (
      <ParameterField
        key={name}
        parameter={parameter}
        value={value}
        standard={defaultOf(parameter, duration)}
        onChange={set}
      />
    );
  };
  const names: string[] = fields.map(({ name }) => name);
  const first = [levelName].filter((name) => names.includes(name));
  const others = names.filter((name) => !first.includes(name) && !isFine(name));
  const longest = longestResult(model);
  const isCut = duration !== undefined && longest !== undefined && duration > longest + 0.01;

  return (
    <form
      className="controls"
      aria-label={`${verbs[verb].title} settings`}
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        run();
      }}
    >
      {verbs[verb].models.length > 1 && (
        <div className="segments wide" role="group" aria-label="What to make">
          {verbs[verb].models.map((name) => (
            <button
              type="button"
              key={name}
              aria-pressed={model === name}
              onClick={() => setForm(verb, { model: name })}
            >
              {modelNames[name] ?? name}
            </button>
          ))}
        </div>
      )}
      <PromptField
        verb={verb}
        value={String(values.prompt ?? '')}
        fault={values.prompt ? undefined : faults.prompt}
        maxLength={parametersOf(modelNamed(model)).find(({ name }) => name === 'prompt')?.maxLength}
        onSubmit={run}
      />
      {first.map(field)}
      {verb === 'inpaint' && <RegionsField source={shown?.source} duration={duration} />}
      {others.map(field)}
      <AdaptersField verb={verb} value={(values.adapters ?? {}) as Record<string, number>} />
      <details className="fine">
        <summary>
          Fine tuning
          {changed > 0 && <span className="tag">{changed} changed</span>}
          {choosesPlace && place === 'device' && <span className="tag">this device</span>}
        </summary>
        {names.filter(isFine).map(field)}
        {choosesPlace && <PlaceField />}
      </details>
      <Go
        verb={verb}
        fault={takesSource(verb) && (!shown || trim) ? faults.source : undefined}
        cut={isCut ? { longest, duration } : undefined}
      />
    </form>
  );
}
