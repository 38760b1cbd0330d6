import { Icon } from '../shared/Icon.tsx';
import { describeFacts, type Facts } from '../sound/facts.ts';
import type { Run } from '../state/bench.ts';
import { verbs } from '../state/verbs.ts';
import { reuse, settingsOf } from './settings.ts';

/** What a result was made with, in a line. */
export function summaryOf(run: Run): string {
  const [first] = settingsOf(run);
  // Its level says that it is a transform.
  const verb = run.input.init_noise_level === undefined && verbs[run.verb].title;
  return [verb, first?.text, run.task && `seed ${run.task.seed}`].filter(Boolean).join(' · ');
}

/** What a result was made with; a press on a part puts it back into the form. */
export function Provenance({ run, facts }: { run: Run; facts: Facts | undefined }) {
  const settings = settingsOf(run);
  const { prompt } = run.input;
  return (
    <div className="provenance">
      {typeof prompt === 'string' && prompt !== '' && <p className="asked">“{prompt}”</p>}
      {facts && <p className="facts">{describeFacts(facts)}</p>}
      <div className="chips" role="group" aria-label="Made with; press to use again">
        {settings.map((setting) =>
          Object.keys(setting.values).length === 0 ? (
            <span className="chip still" key={setting.text}>
              {setting.text}
            </span>
          ) : (
            <button
              type="button"
              className="chip"
              key={setting.text}
              title={`Use ${setting.text} again`}
              onClick={() => reuse(run, [setting])}
            >
              {'seed' in setting.values && <Icon name="lock" />} {setting.text}
            </button>
          ),
        )}
        <button type="button" className="chip" onClick={() => reuse(run, settings, true)}>
          <Icon name="undo" /> Use all
        </button>
      </div>
    </div>
  );
}
