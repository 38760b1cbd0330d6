import { cutSource, removeSource, show, wholeOf } from '../bench/intake.ts';
import { longestResult } from '../service/catalogue.ts';
import { clock } from '../shared/format.ts';
import { Icon } from '../shared/Icon.tsx';
import type { Source } from '../state/bench.ts';
import { useTimeline } from '../state/timeline.ts';
import { type Verb, verbs } from '../state/verbs.ts';

interface Props {
  verb: Verb;
  source: Source;
  /** Seconds. */
  duration: number;
}

/** What can be done with the recording: trim it, go back to what it was cut from, take it off the bench. */
export function SourceActions({ verb, source, duration }: Props) {
  const { trim } = useTimeline();
  if (trim) {
    const keep = () => {
      useTimeline.setState({ trim: undefined });
      void cutSource(source, trim);
    };
    return (
      <div className="actions">
        <button type="button" className="primary small" onClick={keep}>
          Keep {clock(trim.start)} to {clock(trim.end)}
        </button>
        <button type="button" className="quiet" onClick={() => useTimeline.setState({ trim: undefined })}>
          Cancel trimming
        </button>
      </div>
    );
  }
  const whole = wholeOf(source);
  const longest = longestResult(verbs[verb].models[0]);
  const trimTo = { start: 0, end: Math.min(duration, longest ?? duration) };
  return (
    <div className="actions">
      {whole && (
        <button type="button" className="quiet" onClick={() => show(whole.id)} title={`Back to ${whole.name}`}>
          <Icon name="undo" /> <span className="words">Whole recording</span>
        </button>
      )}
      <button type="button" className="quiet" onClick={() => useTimeline.setState({ trim: trimTo })}>
        <Icon name="cut" /> <span className="words">Trim</span>
      </button>
      <button
        type="button"
        className="quiet"
        onClick={() => removeSource(source)}
        aria-label={`Remove ${source.name}`}
        title="Take it off the bench"
      >
        <Icon name="close" /> <span className="words">Remove</span>
      </button>
    </div>
  );
}
