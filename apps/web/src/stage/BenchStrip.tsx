import { show, stopReading, useIntake } from '../bench/intake.ts';
import { zipResults } from '../results/zip.ts';
import { Icon } from '../shared/Icon.tsx';
import { Menu } from '../shared/Menu.tsx';
import { isShown, shownSources, useBench } from '../state/bench.ts';

/** The recordings on the bench; one of them is worked on. */
export function BenchStrip() {
  const { sources, runs, selected } = useBench();
  const { reading, adding } = useIntake();
  const shown = shownSources(sources);
  const results = runs.filter((run) => isShown(run) && run.task?.outputs[0]);
  const of = (id: string) => results.filter(({ sourceId }) => sourceId === id).length;
  if (shown.length === 0 && reading.length === 0 && results.length === 0) return null;
  return (
    <div className="bench">
      <ul aria-label="Recordings">
        {shown.map(({ id, name, parent, cutFrom }) => (
          <li key={id}>
            <button
              type="button"
              className="recording-tab"
              aria-pressed={id === selected}
              onClick={() => show(id)}
              title={name}
            >
              {(parent || cutFrom) && <Icon name={parent ? 'source' : 'cut'} />}
              <span className="what">{name}</span>
              {of(id) > 0 && <span className="tag">{of(id)}</span>}
            </button>
          </li>
        ))}
        {reading.map(({ id, name }) => (
          <li key={id} className="reading">
            <span role="status">Reading {name} …</span>
            <button type="button" className="quiet" onClick={() => stopReading(id)}>
              Cancel
            </button>
          </li>
        ))}
      </ul>
      <div className="actions">
        <button
          type="button"
          className="quiet"
          aria-expanded={adding}
          onClick={() => useIntake.setState({ adding: !adding })}
        >
          <Icon name="plus" /> Add
        </button>
        {results.length > 0 && (
          <Menu icon="download" label="Zip" name="Download several results as a zip file">
            <button
              type="button"
              onClick={() => void zipResults(results.filter(({ sourceId }) => sourceId === selected))}
            >
              Results of this recording
            </button>
            <button type="button" onClick={() => void zipResults(results.filter(({ favourite }) => favourite))}>
              Favourites
            </button>
            <button type="button" onClick={() => void zipResults(results)}>
              All results
            </button>
          </Menu>
        )}
      </div>
    </div>
  );
}
