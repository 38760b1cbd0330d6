import type { ApiKeyInfo } from '@retone/contract';
import { type FormEvent, useCallback, useEffect, useState } from 'react';
import { service } from '../service/client.ts';
import { problemOf } from '../service/problems.ts';
import { CopyButton } from '../shared/CopyButton.tsx';
import { Dialog } from '../shared/Dialog.tsx';
import { when } from '../shared/format.ts';
import type { Problem } from '../shared/problem.ts';
import { Trouble } from '../shared/Trouble.tsx';

/** The account's keys: create, revoke. */
export function Keys() {
  const [keys, setKeys] = useState<ApiKeyInfo[]>();
  const [name, setName] = useState('');
  const [fresh, setFresh] = useState<string>();
  const [problem, setProblem] = useState<Problem>();
  const [doomed, setDoomed] = useState<ApiKeyInfo>();

  const attempt = useCallback(async (work: () => Promise<unknown>) => {
    setProblem(undefined);
    try {
      await work();
      setKeys(await service.keys());
    } catch (error) {
      setProblem(problemOf(error));
    }
  }, []);
  useEffect(() => void attempt(async () => {}), [attempt]);

  const create = (event: FormEvent) => {
    event.preventDefault();
    if (!name.trim()) return;
    void attempt(async () => {
      setFresh((await service.createKey(name.trim())).key);
      setName('');
    });
  };
  return (
    <section className="card" aria-labelledby="keys">
      <header>
        <h2 id="keys">Keys</h2>
      </header>
      {problem && <Trouble problem={problem} />}
      {fresh && (
        <p className="fresh" role="status">
          Your new key. It cannot be shown again: <code>{fresh}</code>
          <CopyButton text={fresh} label="Copy the new key" />
        </p>
      )}
      <ul className="keys-list">
        {(keys ?? [])
          .filter((key) => !key.revoked_at)
          .map((key) => (
            <li key={key.id}>
              <span className="what">
                <strong>{key.name}</strong>
                <span className="facts">
                  {key.prefix}… · {key.last_used_at ? `used ${when(key.last_used_at)}` : 'never used'}
                </span>
              </span>
              {key.current ? (
                <span className="tag">this page</span>
              ) : (
                <button
                  type="button"
                  className="quiet"
                  aria-label={`Revoke ${key.name}`}
                  onClick={() => setDoomed(key)}
                >
                  Revoke
                </button>
              )}
            </li>
          ))}
      </ul>
      {doomed && (
        <Dialog title={`Revoke the key ${doomed.name}?`} onClose={() => setDoomed(undefined)}>
          <p>Programs that use it are refused from then on. A revoked key cannot be restored.</p>
          <div className="remedies">
            <button
              type="button"
              className="primary"
              onClick={() => {
                void attempt(() => service.revokeKey(doomed.id));
                setDoomed(undefined);
              }}
            >
              Revoke
            </button>
            <button type="button" className="secondary" onClick={() => setDoomed(undefined)}>
              Keep it
            </button>
          </div>
        </Dialog>
      )}
      <form className="new-key" onSubmit={create}>
        <label htmlFor="key-name">New key for</label>
        <input
          id="key-name"
          type="text"
          maxLength={100}
          placeholder="laptop"
          value={name}
          onChange={({ target }) => setName(target.value)}
        />
        <button type="submit" className="secondary">
          Create
        </button>
      </form>
    </section>
  );
}
