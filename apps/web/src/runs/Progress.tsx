import { useEffect, useState } from 'react';
import { roughly } from '../shared/format.ts';
import { Trouble } from '../shared/Trouble.tsx';
import type { Kind } from '../workspace/kinds.ts';
import { workspaces } from '../workspace/store.ts';
import { isOpen, type Run } from './run.ts';
import { cancel, hurry, start } from './running.ts';

const stages = {
  text: 'Reading the prompt',
  encode: 'Listening to the source',
  sample: '',
  decode: 'Writing the sound',
};

/** How a run goes, or why it went wrong. */
export function Progress({
  kind,
  run,
  mark,
  onRemedy,
}: {
  kind: Kind;
  run: Run;
  mark: string;
  onRemedy(run: Run): void;
}) {
  const source = workspaces[kind].use((state) => state.source);
  const now = useNow(isOpen(run));
  const fraction = run.news?.progress?.fraction ?? 0;
  const { problem } = run;
  const open = isOpen(run);
  return (
    <section className="lane pending" aria-label={`Result ${mark}`}>
      <header>
        <span className="mark">{mark}</span>
        <div className="name">
          <strong>{open ? titleOf(run) : 'It did not work'}</strong>
          <span className="facts" aria-live="polite">
            {open && !problem ? factsOf(run) : ''}
          </span>
        </div>
        <div className="actions">
          <button type="button" className="secondary" onClick={() => void cancel(kind, run.id)}>
            {open ? 'Cancel' : 'Dismiss'}
          </button>
        </div>
      </header>
      {open && !problem && (
        <progress aria-label={`Progress of result ${mark}`} max={1} {...(fraction > 0 ? { value: fraction } : {})} />
      )}
      {problem && (
        <Trouble problem={problem}>
          {run.retryAt !== undefined && (
            <>
              <span className="countdown">Next try in {Math.max(0, Math.ceil((run.retryAt - now) / 1000))} s</span>
              <button type="button" className="secondary" onClick={() => hurry(run.id)}>
                Try now
              </button>
            </>
          )}
          {problem.remedy && (
            <button type="button" className="secondary" onClick={() => onRemedy(run)}>
              {{ trim: 'Trim the recording', choose: 'Choose another file', key: 'Give another key' }[problem.remedy]}
            </button>
          )}
          {!open && problem.remedy === undefined && run.sourceId === source?.id && (
            <button
              type="button"
              className="secondary"
              onClick={() => {
                const { audio: _, ...input } = run.input;
                void cancel(kind, run.id);
                void start(kind, input, run.model);
              }}
            >
              Try again
            </button>
          )}
        </Trouble>
      )}
    </section>
  );
}

function titleOf({ phase, news, problem }: Run): string {
  if (problem) return 'Waiting';
  if (phase === 'known') return 'Looking it up';
  if (phase === 'uploading') return 'Sending the recording';
  if (phase === 'submitting') return 'Submitting';
  if (phase === 'waiting') return 'In the queue';
  const { stage, step, steps } = news?.progress ?? {};
  if (stage === 'sample' && steps) return `Step ${step} of ${steps}`;
  return (stage && stages[stage]) || 'Working';
}

function factsOf({ phase, news }: Run): string {
  const { tasks_ahead: ahead, seconds_left: left } = news ?? {};
  if (phase === 'waiting' && typeof ahead === 'number') return ahead === 0 ? 'next in line' : `${ahead} before it`;
  return phase === 'processing' && typeof left === 'number' ? roughly(left) : '';
}

/** The time in milliseconds, again every second. */
function useNow(running: boolean): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    if (!running) return;
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, [running]);
  return Math.max(now, 0);
}
