import { useRef, useState } from 'react';
import { useBalance } from '../service/balance.ts';
import { modelNamed } from '../service/catalogue.ts';
import { dollars } from '../shared/format.ts';
import { Icon } from '../shared/Icon.tsx';
import { inputOf } from '../workspace/input.ts';
import { type Kind, kindNames, kinds } from '../workspace/kinds.ts';
import { workspaces } from '../workspace/store.ts';
import { Keys } from './Keys.tsx';
import { type Language, languages, snippet } from './snippets.ts';

/** What the page does, as a request from one's own program. */
export function ApiPanel() {
  const [kind, setKind] = useState<Kind>('transform');
  const [language, setLanguage] = useState<Language>('curl');
  const state = workspaces[kind].use();
  const balance = useBalance((each) => each.balance);
  const { model_id: model, base_price: price } = modelNamed(state.model);
  const base = new URL('.', location.href).href.replace(/\/$/, '');
  const audio = workspaces[kind].takesSource ? { audio: state.source?.url ?? 'https://example.com/recording.wav' } : {};
  const input = { ...audio, prompt: '', ...inputOf(state) };
  const latest = state.runs.findLast(({ task }) => task)?.task;
  return (
    <div className="page api">
      <header className="intro">
        <h1>API</h1>
        <p>
          The same from your own programs, with the values that you have set. Clients of the hosted WaveSpeed API work
          when their address and key change. <a href="docs">All of the API</a>
        </p>
      </header>
      <div className="segments" role="group" aria-label="Workspace">
        {kindNames.map((name) => (
          <button type="button" key={name} aria-pressed={kind === name} onClick={() => setKind(name)}>
            {kinds[name].title}
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
          {workspaces[kind].takesSource && !state.source?.url && (
            <p className="help">
              `audio` takes the URL of a recording, the URL of an upload, a data URI or base64. Once you have run it
              here, your upload stands there.
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
              <dt>This run</dt>
              <dd>{dollars(price * state.variations, 4)}</dd>
            </div>
            <div>
              <dt>Credit</dt>
              <dd>{balance === undefined ? '…' : dollars(balance)}</dd>
            </div>
          </dl>
          <p className="help">A run that fails or is cancelled costs nothing.</p>
        </section>
        <Keys />
      </div>
    </div>
  );
}

function Code({ text, label }: { text: string; label: string }) {
  const [copied, setCopied] = useState(false);
  const code = useRef<HTMLElement>(null);
  const copy = async () => {
    // Over plain http there is no clipboard to write to; what is selected can still be copied.
    if (navigator.clipboard) await navigator.clipboard.writeText(text);
    else {
      getSelection()?.selectAllChildren(code.current!);
      document.execCommand('copy');
    }
    setCopied(true);
    setTimeout(() => setCopied(false), 1500);
  };
  return (
    <div className="code">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <pre tabIndex={0} role="region" aria-label={label}>
        <code ref={code}>{text}</code>
      </pre>
      <button
        type="button"
        className="secondary copy"
        onClick={() => void copy()}
        aria-label={`Copy ${label.toLowerCase()}`}
      >
        <Icon name="copy" /> {copied ? 'Copied' : 'Copy'}
      </button>
    </div>
  );
}
