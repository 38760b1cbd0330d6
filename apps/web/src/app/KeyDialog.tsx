import { type FormEvent, useState } from 'react';
import { isKnownKey } from '../service/client.ts';
import { problemOf } from '../service/problems.ts';
import { takeKey, useSession } from '../service/session.ts';
import { Dialog } from '../shared/Dialog.tsx';

/** Asks for an API key; it stays in this browser. */
export function KeyDialog({ why }: { why: string }) {
  const [key, setKey] = useState('');
  const [fault, setFault] = useState<string>();
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const given = key.trim();
    if (!given) return;
    try {
      if (await isKnownKey(given)) takeKey(given);
      else setFault('This service does not know that key.');
    } catch (error) {
      setFault(problemOf(error).title);
    }
  };
  return (
    <Dialog title="Connect this browser" onClose={() => useSession.setState({ wanted: undefined })}>
      <form className="key-form" onSubmit={(event) => void submit(event)}>
        <p>{why}</p>
        <p>
          On the machine that runs Retone, open its page, go to API, and press “Pair a device”: it shows a QR code and a
          link for this browser. Or paste an API key, which that page creates too.
        </p>
        <label htmlFor="key">Key</label>
        <input
          id="key"
          type="password"
          autoComplete="off"
          placeholder="rt_…"
          value={key}
          aria-invalid={fault !== undefined}
          aria-describedby={fault ? 'key-fault' : undefined}
          onChange={({ target }) => {
            setKey(target.value);
            setFault(undefined);
          }}
        />
        {fault && (
          <p className="fault" id="key-fault" role="alert">
            {fault}
          </p>
        )}
        <button type="submit" className="primary">
          Use this key
        </button>
      </form>
    </Dialog>
  );
}
