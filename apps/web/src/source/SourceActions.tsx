import { clock } from '../shared/format.ts';
import { Icon } from '../shared/Icon.tsx';
import type { Region } from '../sound/transport.ts';
import type { Kind } from '../workspace/kinds.ts';
import { type Source, workspaces } from '../workspace/store.ts';
import { clearSource, cutSource, longestSource, uncutSource } from './source.ts';

interface Props {
  kind: Kind;
  source: Source;
  trim: Region | undefined;
  busy: boolean;
}

/** What can be done with the source: trim it, or take another. */
export function SourceActions({ kind, source, trim, busy }: Props) {
  const { use } = workspaces[kind];
  const { duration } = source.sound;
  if (trim) {
    return (
      <>
        <button type="button" className="primary small" disabled={busy} onClick={() => void cutSource(kind, trim)}>
          Keep {clock(trim.start)} to {clock(trim.end)}
        </button>
        <button type="button" className="quiet" onClick={() => use.setState({ trim: undefined })}>
          Leave
        </button>
      </>
    );
  }
  const most = Math.min(duration, longestSource(kind) ?? duration);
  return (
    <>
      {source.whole && (
        <button
          type="button"
          className="quiet"
          disabled={busy}
          onClick={() => void uncutSource(kind)}
          title="Undo trim"
        >
          <Icon name="undo" /> <span className="words">Undo trim</span>
        </button>
      )}
      <button
        type="button"
        className="quiet"
        onClick={() => use.setState({ trim: { start: 0, end: most } })}
        title="Trim"
      >
        <Icon name="cut" /> <span className="words">Trim</span>
      </button>
      <button type="button" className="quiet" onClick={() => clearSource(kind)} title="Take another recording">
        <Icon name="upload" /> <span className="words">Replace</span>
      </button>
    </>
  );
}
