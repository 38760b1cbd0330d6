import { useState } from 'react';
import { rename } from '../bench/results.ts';
import { titleOf } from '../bench/titles.ts';
import type { Run } from '../state/bench.ts';

/** A result's name; a double click, or F2, changes it. */
export function ResultName({ run }: { run: Run }) {
  const [editing, setEditing] = useState(false);
  const title = titleOf(run);
  if (!editing) {
    return (
      <button
        type="button"
        className="title"
        title={`${title} (press to rename)`}
        aria-label={`Rename ${title}`}
        onClick={() => setEditing(true)}
      >
        {title}
      </button>
    );
  }
  const done = (name: string) => {
    rename(run, name);
    setEditing(false);
  };
  return (
    <input
      className="rename"
      type="text"
      aria-label="Name of the result"
      defaultValue={title}
      maxLength={200}
      // biome-ignore lint/a11y/noAutofocus: it takes the place of the button that was pressed
      autoFocus
      onFocus={({ target }) => target.select()}
      onBlur={({ target }) => done(target.value)}
      onKeyDown={(event) => {
        if (event.key === 'Enter') done(event.currentTarget.value);
        if (event.key === 'Escape') setEditing(false);
        event.stopPropagation();
      }}
    />
  );
}
