import type { TaskResult } from '@retone/contract';
import { useEffect, useLayoutEffect, useRef, useState } from 'react';
import { zipResults } from '../results/zip.ts';
import { serviceSettings } from '../service/settings.ts';
import { Icon } from '../shared/Icon.tsx';
import { Trouble } from '../shared/Trouble.tsx';
import { useBench } from '../state/bench.ts';
import { deleteTasks, loadHistory, pageSize, useHistory } from '../state/history.ts';
import { verbNames, verbOf, verbs } from '../state/verbs.ts';
import { HistoryItem } from './HistoryItem.tsx';
import { runOfTask } from './reopen.ts';

const { retentionDays } = serviceSettings;
const kept = serviceSettings.alone
  ? 'What you made, kept by this browser. Deleting the data of this site deletes it.'
  : retentionDays === null
    ? 'What you made. Nothing is deleted unless you delete it.'
    : `What you made. The operator of this service deletes it after ${retentionDays} ${retentionDays === 1 ? 'day' : 'days'}.`;
/** How far the view was scrolled when it was left; nothing is drawn by it. */
let left = 0;
const filters = ['all', 'favourites', ...verbNames] as const;

/** Everything that was made: to listen to, find, take up again, download, and delete. */
export function History() {
  const { tasks, loading, problem, words, verb, shown, chosen } = useHistory();
  const audio = useRef<HTMLAudioElement>(null);
  const [playing, setPlaying] = useState<string>();
  const found = useFound(tasks ?? []);

  useEffect(() => {
    const element = audio.current;
    void loadHistory();
    return () => element?.pause();
  }, []);
  useLayoutEffect(() => {
    scrollTo(0, left);
    const note = () => {
      left = scrollY;
    };
    addEventListener('scroll', note);
    return () => removeEventListener('scroll', note);
  }, []);

  const play = (url: string, at?: number) => {
    const element = audio.current!;
    if (playing === url && at === undefined) return element.pause();
    if (playing !== url) element.src = url;
    const begin = () => {
      if (at !== undefined) element.currentTime = at * element.duration;
      void element.play().catch(() => setPlaying(undefined));
    };
    if (at === undefined || element.readyState > 0) begin();
    else element.onloadedmetadata = begin;
  };
  const choose = (id: string, isChosen: boolean) =>
    useHistory.setState({ chosen: isChosen ? [...chosen, id] : chosen.filter((each) => each !== id) });
  const picked = found.filter(({ id }) => chosen.includes(id));

  return (
    <div className="page history">
      <header className="intro">
        <h1>History</h1>
        <p>{kept}</p>
      </header>
      <div className="filters">
        <label className="search">
          <span className="visually-hidden">Search prompts, names, recordings and seeds</span>
          <Icon name="search" />
          <input
            type="search"
            placeholder="Search prompts, recordings and seeds"
            value={words}
            onChange={({ target }) => useHistory.setState({ words: target.value })}
          />
        </label>
        <div className="segments" role="group" aria-label="Kind">
          {filters.map((name) => (
            <button
              type="button"
              key={name}
              aria-pressed={verb === name}
              onClick={() => useHistory.setState({ verb: name })}
            >
              {name === 'all' ? 'All' : name === 'favourites' ? 'Favourites' : verbs[name].title}
            </button>
          ))}
        </div>
        <button type="button" className="secondary" disabled={loading} onClick={() => void loadHistory()}>
          <Icon name="again" /> Refresh
        </button>
      </div>
      {picked.length > 0 && (
        <div className="picked">
          <span>{picked.length} selected</span>
          <button
            type="button"
            className="secondary"
            onClick={() => void zipResults(picked.filter(({ outputs }) => outputs[0]).map((task) => runOfTask(task)))}
          >
            <Icon name="download" /> Download as zip
          </button>
          <button type="button" className="secondary" onClick={() => deleteTasks(picked)}>
            <Icon name="trash" /> Delete
          </button>
        </div>
      )}
      {problem && (
        <Trouble problem={problem}>
          <button type="button" className="secondary" onClick={() => void loadHistory()}>
            Try again
          </button>
        </Trouble>
      )}
      <p className={tasks ? 'visually-hidden' : 'empty'} aria-live="polite">
        {tasks ? `${found.length} found` : loading ? 'Loading …' : ''}
      </p>
      {tasks && found.length === 0 && (
        <p className="empty">{tasks.length === 0 ? 'Nothing yet. What you make appears here.' : 'Nothing matches.'}</p>
      )}
      <ul className="items">
        {found.slice(0, shown).map((task) => (
          <HistoryItem
            key={task.id}
            task={task}
            chosen={chosen.includes(task.id)}
            onChoose={(isChosen) => choose(task.id, isChosen)}
            playing={playing}
            onPlay={play}
            onDelete={() => deleteTasks([task])}
          />
        ))}
      </ul>
      {found.length > shown && (
        <button
          type="button"
          className="secondary more"
          onClick={() => useHistory.setState({ shown: shown + pageSize })}
        >
          Show more
        </button>
      )}
      {/* biome-ignore lint/a11y/useMediaCaption: there are no words in it to caption */}
      <audio
        ref={audio}
        onPlay={({ currentTarget }) => setPlaying(currentTarget.getAttribute('src') ?? undefined)}
        onPause={() => setPlaying(undefined)}
        onEnded={() => setPlaying(undefined)}
      />
    </div>
  );
}

/** The tasks that the filters leave. */
function useFound(tasks: TaskResult[]): TaskResult[] {
  const { words, verb } = useHistory();
  const { runs, sources } = useBench();
  const wanted = words.toLowerCase().split(/\s+/);
  return tasks.filter((task) => {
    const run = runs.find(({ taskId }) => taskId === task.id);
    if (verb === 'favourites' ? !run?.favourite : verb !== 'all' && verbOf(task.model) !== verb) return false;
    const source = sources.find(({ id, url }) => id === run?.sourceId || (url && url === task.input.audio));
    const { prompt, negative_prompt: avoided } = task.input;
    const text = [prompt, avoided, task.seed, task.id, run?.name, source?.name].join(' ').toLowerCase();
    return wanted.every((word) => text.includes(word));
  });
}
