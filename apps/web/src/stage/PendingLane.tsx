import { useEffect, useRef, useState } from 'react';
import { titleOf } from '../bench/titles.ts';
import { fractionOf, isOpen, useProgress } from '../runs/progress.ts';
import { remedy } from '../runs/remedies.ts';
import { cancel, hurry, retry } from '../runs/running.ts';
import { stageOf, statusOf } from '../runs/words.ts';
import { Trouble } from '../shared/Trouble.tsx';
import { change, type Run } from '../state/bench.ts';
import { Lane } from './Lane.tsx';
import { Preview } from './Preview.tsx';

const remedyWords = { trim: 'Trim the recording', choose: 'Choose another file', key: 'Use another key' };

/** A run on its way, or why there is no result. */
export function PendingLane({ run }: { run: Run }) {
  const progress = useProgress((all) => all[run.id]);
  const now = useNow(progress?.retryAt !== undefined);
  const root = useRef<HTMLDivElement>(null);
  const open = isOpen(run);
  const problem = run.failure ?? progress?.problem;
  const fraction = fractionOf(progress);
  // What was just begun is where the eye is.
  useEffect(() => {
    root.current?.scrollIntoView({ block: 'nearest' });
  }, []);
  return (
    <div ref={root}>
      <Lane
        mark={String(run.number)}
        label={`Result ${run.number}`}
        kind="pending"
        heard={false}
        name={<strong>{titleOf(run)}</strong>}
        facts={
          <span aria-live="polite">
            {open && !problem ? [stageOf(progress), statusOf(progress)].filter(Boolean).join(' · ') : ''}
          </span>
        }
        corner={
          <button
            type="button"
            className="secondary"
            onClick={() => (open ? void cancel(run) : change('run', run.id, { removedAt: Date.now() }))}
          >
            {open ? 'Cancel' : 'Remove'}
          </button>
        }
      >
        {problem ? (
          <Trouble problem={problem}>
            {open && progress?.retryAt !== undefined && (
              <>
                <span className="countdown">
                  Next try in {Math.max(0, Math.ceil((progress.retryAt - now) / 1000))} s
                </span>
                <button type="button" className="secondary" onClick={() => hurry(run.id)}>
                  Try now
                </button>
              </>
            )}
            {problem.remedy && (
              <button type="button" className="secondary" onClick={() => remedy(problem, run)}>
                {remedyWords[problem.remedy]}
              </button>
            )}
            {!open && problem.again && (
              <button type="button" className="secondary" onClick={() => retry(run)}>
                Try again
              </button>
            )}
          </Trouble>
        ) : (
          <div className="making">
            <Preview run={run} />
            <progress
              aria-label={`Progress of result ${run.number}`}
              max={1}
              {...(fraction > 0 ? { value: fraction } : {})}
            />
          </div>
        )}
      </Lane>
    </div>
  );
}

/** The time in milliseconds, again every second. */
function useNow(running: boolean): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    if (!running) return;
    setNow(Date.now());
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, [running]);
  return now;
}
