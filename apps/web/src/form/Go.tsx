import { isOpen, usePercent } from '../runs/progress.ts';
import { cancel } from '../runs/running.ts';
import { modelNamed } from '../service/catalogue.ts';
import { serviceSettings } from '../service/settings.ts';
import { clock, dollars } from '../shared/format.ts';
import { Icon } from '../shared/Icon.tsx';
import { Trouble } from '../shared/Trouble.tsx';
import { isShown, type Run, shownSources, useBench } from '../state/bench.ts';
import { setForm, useForms } from '../state/form.ts';
import { useTimeline } from '../state/timeline.ts';
import { takesSource, type Verb, verbs } from '../state/verbs.ts';
import { NotifyButton } from './NotifyButton.tsx';
import { submit, sweepLevels } from './submit.ts';

const counts = [1, 2, 4, 8];

interface Props {
  verb: Verb;
  fault: string | undefined;
  /** Only so much of the recording is used. */
  cut: { longest: number; duration: number } | undefined;
}

/** The button, how far it is with what was asked of it, and how many results one press makes. */
export function Go({ verb, fault, cut }: Props) {
  const { variations, model } = useForms((forms) => forms[verb]);
  const { runs, sources } = useBench();
  const open = runs.filter((run) => isShown(run) && isOpen(run) && run.verb === verb);
  const recordings = shownSources(sources).length;
  return (
    <div className="go">
      {fault && <Trouble problem={{ title: 'No recording to work on', advice: fault }} />}
      {cut && (
        <p className="note cut">
          The first {clock(cut.longest, 0)} of {clock(cut.duration, 0)} are used.
          <button
            type="button"
            className="quiet"
            onClick={() => useTimeline.setState({ trim: { start: 0, end: cut.longest } })}
          >
            <Icon name="cut" /> Choose the part
          </button>
        </p>
      )}
      <div className="run-row">
        <RunButton verb={verb} open={open} />
        {open.length > 0 && (
          <button
            type="button"
            className="secondary cancel"
            onClick={() => {
              for (const run of open) void cancel(run);
            }}
          >
            {open.length > 1 ? `Cancel ${open.length}` : 'Cancel'}
          </button>
        )}
      </div>
      {open.length > 0 && <NotifyButton />}
      <div className="variations">
        <span id="variations">Variations</span>
        <div className="segments" role="group" aria-labelledby="variations">
          {counts.map((count) => (
            <button
              type="button"
              key={count}
              aria-pressed={variations === count}
              onClick={() => setForm(verb, { variations: count })}
            >
              {count}
            </button>
          ))}
        </div>
      </div>
      {(verb === 'transform' || (takesSource(verb) && recordings > 1)) && (
        <div className="more-ways">
          {verb === 'transform' && (
            <button
              type="button"
              className="quiet"
              title={`One result at each of the levels ${sweepLevels.join(', ')}, with one seed`}
              onClick={() => submit(verb, { sweep: true })}
            >
              <Icon name="level" /> Sweep levels
            </button>
          )}
          {takesSource(verb) && recordings > 1 && (
            <button type="button" className="quiet" onClick={() => submit(verb, { batch: true })}>
              <Icon name="plus" /> On all {recordings} recordings
            </button>
          )}
        </div>
      )}
      {serviceSettings.billing && (
        <p className="help price">{dollars(modelNamed(model).base_price * variations, 4)} a press</p>
      )}
    </div>
  );
}

/** The button itself shows how far its runs are. */
function RunButton({ verb, open }: { verb: Verb; open: Run[] }) {
  const percent = usePercent(open);
  return (
    <button
      type="submit"
      className={`primary run ${open.length > 0 ? 'busy' : ''}`}
      style={{ '--done': `${percent}%` } as React.CSSProperties}
    >
      {verbs[verb].action} {open.length > 0 && <span className="percent">{percent} %</span>}
    </button>
  );
}
