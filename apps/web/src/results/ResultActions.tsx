import { takeResult } from '../bench/intake.ts';
import { dismiss } from '../bench/results.ts';
import { titleOf } from '../bench/titles.ts';
import { start } from '../runs/running.ts';
import { Icon } from '../shared/Icon.tsx';
import { Menu } from '../shared/Menu.tsx';
import { findSource, type Run } from '../state/bench.ts';
import { go } from '../state/router.ts';
import { transport } from '../state/timeline.ts';
import { editingVerbs, verbs } from '../state/verbs.ts';
import { Download } from './Download.tsx';
import { SeamlessLoop } from './SeamlessLoop.tsx';

/** What can be done with a result. */
export function ResultActions({ run, sound, offset }: { run: Run; sound: string; offset: number }) {
  const { audio: _, seed: _seed, ...again } = run.input;
  const title = titleOf(run);
  const wet = transport.state((state) => state.wet);
  return (
    <div className="actions">
      <Menu icon="open" label="Send to" name={`Send to another verb: ${title}`}>
        {editingVerbs.map((verb) => (
          <button
            type="button"
            key={verb}
            onClick={() => {
              void takeResult(run);
              go(verb);
            }}
          >
            {verbs[verb].title}
          </button>
        ))}
      </Menu>
      <button
        type="button"
        className="quiet"
        title="The same settings with another seed"
        onClick={() => void start({ verb: run.verb, model: run.model, input: again, source: findSource(run.sourceId) })}
      >
        <Icon name="again" /> <span className="words">Another seed</span>
      </button>
      <Download run={run} />
      <SeamlessLoop run={run} sound={sound} offset={offset} />
      {run.sourceId && (
        <label className="wet">
          <span>Source</span>
          <input
            type="range"
            min={0}
            max={1}
            step={0.01}
            value={wet}
            aria-label="Mix of source and result"
            aria-valuetext={`${Math.round(100 * wet)} % result`}
            onChange={({ target }) => transport.setWet(target.valueAsNumber)}
          />
          <span>Result</span>
        </label>
      )}
      <button
        type="button"
        className="quiet"
        onClick={() => dismiss(run)}
        aria-label={`Remove ${title}`}
        title="Remove"
      >
        <Icon name="close" />
      </button>
    </div>
  );
}
