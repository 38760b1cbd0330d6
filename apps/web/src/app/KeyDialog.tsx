import { useState } from 'react';
import { takeKey, useSession } from '../service/session.ts';
import { Dialog } from '../shared/Dialog.tsx';

/** Asks for an API key; it stays in this browser. */
export function KeyDialog({ why }: { why: string }) {
  const [key, setKey] = useState('');
  return (
    <Dialog title="API key" onClose={() => useSession.setState({ wanted: undefined })}>
      <form
        className="key-form"
        onSubmit={(event) => {
          event.preventDefault();
          if (key.trim()) takeKey(key.trim());
        }}
      >
        <p>{why} Whoever runs it makes one with “npx retone keys create”. It is kept in this browser.</p>
        <label htmlFor="key">Key</label>
        <input
          id="key"
          type="password"
          autoComplete="off"
          placeholder="rt_…"
          value={key}
          onChange={({ target }) => setKey(target.value)}
        />
        <button type="submit" className="primary">
          Use this key
        </button>
      </form>
    </Dialog>
  );
}
