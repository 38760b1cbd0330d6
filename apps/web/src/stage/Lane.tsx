import type { ReactNode } from 'react';

interface Props {
  /** What it is switched to by: A, 1, 2, ... */
  mark: string;
  label: string;
  kind: 'source' | 'result' | 'pending';
  heard: boolean;
  /** Absent while there is nothing to listen to. */
  onHear?: (() => void) | undefined;
  name: ReactNode;
  facts?: ReactNode;
  /** Small things that are always at hand, at the right of the name. */
  corner?: ReactNode;
  /** The sound on the time axis, or how far it is. */
  children: ReactNode;
  /** What belongs beneath: notes, provenance, actions. */
  foot?: ReactNode;
}

/** A row of the stage, as a track in an arrangement: its head at the left, its sound on the common time axis. */
export function Lane({ mark, label, kind, heard, onHear, name, facts, corner, children, foot }: Props) {
  return (
    <section className={`lane ${kind} ${heard ? 'heard' : ''}`} aria-label={label}>
      <header>
        {onHear ? (
          <button
            type="button"
            className="mark"
            aria-pressed={heard}
            onClick={onHear}
            title={`Listen to ${kind === 'source' ? 'the source' : `result ${mark}`} (${mark})`}
          >
            <span className="visually-hidden">Listen to </span>
            {mark}
          </button>
        ) : (
          <span className="mark">{mark}</span>
        )}
        <div className="name">
          {name}
          {facts && <span className="facts">{facts}</span>}
        </div>
        {corner && <div className="corner">{corner}</div>}
      </header>
      <div className="track">{children}</div>
      {foot && <footer>{foot}</footer>}
    </section>
  );
}
