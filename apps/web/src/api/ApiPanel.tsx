import { useState } from 'react';
import { inputOf } from '../form/input.ts';
import { useBalance } from '../service/balance.ts';
import { modelNamed } from '../service/catalogue.ts';
import { serviceSettings } from '../service/settings.ts';
import { CopyButton } from '../shared/CopyButton.tsx';
import { dollars } from '../shared/format.ts';
import { useSounds } from '../sound/sounds.ts';
import { useBench } from '../state/bench.ts';
import { useForms } from '../state/form.ts';
import { takesSource, type Verb, verbNames, verbs } from '../state/verbs.ts';
import { Keys } from './Keys.tsx';
import { Pairing } from './Pairing.tsx';
import { type Language, languages, snippet } from './snippets.ts';

/** What the page does, as a request from one's own program. */
export function ApiPanel() {
  const [verb, setVerb] = useState<Verb>('transform');
  const [language, setLanguage] = useState<Language>('curl');
  const form = useForms((forms) => forms[verb]);
  const { sources, runs, selected } = useBench();
  const source = takesSource(verb) ? sources.find(({ id }) => id === selected) : undefined;
  const facts = useSounds((state) => (source ? state.facts[source.id] : undefined));
  const { model_id: model, base_price: price } = modelNamed(form.model);
  const base = new URL('.', location.href).href.replace(/\/$/, '');
  const audio = takesSource(verb) ? { audio: source?.url ?? 'https://example.com/recording.wav' } : {};
  const { enable_preview: _, ...rest } = inputOf(form, source, facts?.duration);
  const input = { ...audio, ...rest };
  const latest = runs.findLast((run) => run.verb === verb && run.task)?.task;
  return (
    <div className="page api">
      <header className="intro">
        <h1>API</h1>
        <p>
          The same from your own programs, with the values that you have set. Clients of the hosted WaveSpeed API work
          once their address and key are changed. <a href="docs">API reference</a>
        </p>
      </header>
      <div className="segments" role="group" aria-label="Verb">
        {verbNames.map((name) => (
          <button type="button" key={name} aria-pressed={verb === name} onClick={() => setVerb(name)}>
            {verbs[name].title}
          </button>
        ))}
      </div>
      <div className="columns">
        <section className="card" aria-labelledby="request">
          <header>
            <h2 id="request">Request</h2>
            <div className="segments" role="group" aria-label="Language">
              {languages.map((name) => (
                <button type="button" key={name} aria-pressed={language === name} onClick={() => setLanguage(name)}>
                  {name}
                </button>
              ))}
            </div>
          </header>
          <Code text={snippet(language, { base, model, input })} label={`Request in ${language}`} />
          {takesSource(verb) && !source?.url && (
            <p className="help">
              <code>audio</code> takes the URL of a recording, the URL of an upload, a data URI or base64. Once you have
              run it here, the URL of your upload stands there.
            </p>
          )}
        </section>
        <section className="card" aria-labelledby="response">
          <header>
            <h2 id="response">Response</h2>
          </header>
          {latest ? (
            <Code
              text={JSON.stringify({ code: 200, message: 'success', data: latest }, null, 2)}
              label="Response as JSON"
            />
          ) : (
            <p className="empty">What the service answers appears here after a run.</p>
          )}
        </section>
        <section className="card" aria-labelledby="cost">
          <header>
            <h2 id="cost">Cost</h2>
          </header>
          <dl className="figures">
            <div>
              <dt>This request</dt>
              <dd>{dollars(price, 4)}</dd>
            </div>
            {serviceSettings.billing && <Credit />}
          </dl>
          <p className="help">
            {serviceSettings.billing
              ? 'A request that fails or is cancelled costs nothing.'
              : 'What the API reports as its price. On your own machine nothing is charged.'}
          </p>
        </section>
        <Pairing />
        <Keys />
      </div>
    </div>
  );
}

function Credit() {
  const balance = useBalance((each) => each.balance);
  return (
    <div>
      <dt>Credit</dt>
      <dd>{balance === undefined ? '…' : dollars(balance)}</dd>
    </div>
  );
}

function Code({ text, label }: { text: string; label: string }) {
  return (
    <div className="code">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <pre tabIndex={0} role="region" aria-label={label}>
        <code>{text}</code>
      </pre>
      <CopyButton text={text} label={`Copy ${label.toLowerCase()}`} />
    </div>
  );
}
