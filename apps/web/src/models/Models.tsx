import { catalogue } from '../service/catalogue.ts';
import { serviceSettings } from '../service/settings.ts';
import { Icon } from '../shared/Icon.tsx';
import { Trouble } from '../shared/Trouble.tsx';
import { verbOf, verbs } from '../state/verbs.ts';
import { addAdapter, removeAdapter, useAdapters } from './useAdapters.ts';

const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;

/** Which model serves what, what it knows, and the adapters that change it. */
export function Models() {
  return (
    <div className="page models">
      <header className="intro">
        <h1>Models</h1>
        <p>What does the work here, what it is good at, and adapters that teach it more.</p>
      </header>
      <div className="columns">
        <section className="card" aria-labelledby="serving">
          <header>
            <h2 id="serving">What serves what</h2>
          </header>
          <ul className="models-list">
            {catalogue.map(({ model_id: id, name, description }) => {
              const checkpoint = serviceSettings.checkpoints[id];
              return (
                <li key={id}>
                  <strong>{name}</strong>
                  <span className="facts">
                    {verbs[verbOf(id)].title} · {checkpoint?.name ?? 'not installed on this machine'}
                  </span>
                  <span className="help">{description}</span>
                </li>
              );
            })}
          </ul>
          <p className="help">
            Another model serves after <code>retone pull</code> and <code>RETONE_MODEL</code>; docs/models.md says how.
          </p>
        </section>
        <Adapters />
        <Vocabulary />
      </div>
    </div>
  );
}

function Vocabulary() {
  const { vocabulary } = serviceSettings;
  return (
    <section className="card" aria-labelledby="words">
      <header>
        <h2 id="words">Words that it knows</h2>
      </header>
      {vocabulary.length === 0 ? (
        <p className="help">This model reads free English text.</p>
      ) : (
        <>
          <p className="help">
            It reads {vocabulary.length} words and phrases, and related ones as the nearest of them. A result says which
            words had no effect.
          </p>
          <p className="vocabulary">{vocabulary.join(', ')}</p>
        </>
      )}
    </section>
  );
}

function Adapters() {
  const { adapters, problem, uploading } = useAdapters();
  return (
    <section className="card" aria-labelledby="adapters">
      <header>
        <h2 id="adapters">Adapters (LoRA)</h2>
        <label className="upload secondary">
          <Icon name="upload" /> Upload
          <input
            type="file"
            accept=".safetensors"
            className="visually-hidden"
            aria-label="Upload an adapter"
            onChange={({ target }) => {
              const file = target.files?.[0];
              if (file) void addAdapter(file);
              target.value = '';
            }}
          />
        </label>
      </header>
      {problem && <Trouble problem={problem} />}
      {uploading && <p role="status">Uploading {uploading} …</p>}
      {adapters.length === 0 && !uploading && (
        <p className="help">
          A .safetensors file that was trained for this model. Once it is here, each form offers it with a strength from
          −2 to 2; up to four stack.
        </p>
      )}
      <ul className="keys-list">
        {adapters.map((adapter) => (
          <li key={adapter.id}>
            <span className="what">
              <strong>{adapter.name}</strong>
              <span className="facts">{megabytes(adapter.size)}</span>
            </span>
            <button
              type="button"
              className="quiet"
              aria-label={`Delete ${adapter.name}`}
              onClick={() => removeAdapter(adapter)}
            >
              <Icon name="trash" />
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
