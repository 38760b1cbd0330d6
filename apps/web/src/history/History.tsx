import type { TaskResult } from '@retone/contract';
import { useEffect, useRef, useState } from 'react';
import { Dialog } from '../shared/Dialog.tsx';
import { Icon } from '../shared/Icon.tsx';
import { Trouble } from '../shared/Trouble.tsx';
import { type Kind, kindNames, kindOf, kinds } from '../workspace/kinds.ts';
import { HistoryItem } from './HistoryItem.tsx';
import { useHistory } from './useHistory.ts';

/** How many rows are drawn at once; more come by a button. */
const pageSize = 50;

/** Everything that was made: to hear, find, take up again, and delete. */
export function History() {
  const { tasks, problem, load, remove } = useHistory();
  const [words, setWords] = useState('');
  const [kind, setKind] = useState<Kind | 'all'>('all');
  const [most, setMost] = useState(pageSize);
  const [doomed, setDoomed] = useState<TaskResult>();
  const audio = useRef<HTMLAudioElement>(null);
  const [playing, setPlaying] = useState<string>();

  useEffect(() => () => audio.current?.pause(), []);
  const play = (url: string) => {
    const element = audio.current!;
    if (playing === url) return element.pause();
    element.src = url;
    void element.play().catch(() => setPlaying(undefined));
  };

  const found = (tasks ?? []).filter((task) => {
    if (kind !== 'all' && kindOf(task.model) !== kind) return false;
    const text = `${task.input.prompt} ${task.input.negative_prompt ?? ''} ${task.seed} ${task.id}`.toLowerCase();
    return words
      .toLowerCase()
      .split(/\s+/)
      .every((word) => text.includes(word));
  });

  return (
    <div className="page history">
      <header className="intro">
        <h1>History</h1>
        <p>What you made, for as long as the service keeps it.</p>
      </header>
      <div className="filters">
        <label className="search">
          <span className="visually-hidden">Search prompts and seeds</span>
          <Icon name="search" />
          <input
            type="search"
            placeholder="Search prompts and seeds"
            value={words}
            onChange={({ target }) => setWords(target.value)}
          />
        </label>
        <div className="segments" role="group" aria-label="Kind">
          {(['all', ...kindNames] as const).map((name) => (
            <button type="button" key={name} aria-pressed={kind === name} onClick={() => setKind(name)}>
              {name === 'all' ? 'All' : kinds[name].title}
            </button>
          ))}
        </div>
      </div>
      {problem && (
        <Trouble problem={problem}>
          <button type="button" className="secondary" onClick={() => void load()}>
            Try again
          </button>
        </Trouble>
      )}
      <p className="visually-hidden" aria-live="polite">
        {tasks ? `${found.length} found` : 'Loading'}
      </p>
      {tasks && found.length === 0 && (
        <p className="empty">{tasks.length === 0 ? 'Nothing yet. What you make appears here.' : 'Nothing matches.'}</p>
      )}
      <ul className="items">
        {found.slice(0, most).map((task) => (
          <HistoryItem key={task.id} task={task} playing={playing} onPlay={play} onDelete={() => setDoomed(task)} />
        ))}
      </ul>
      {found.length > most && (
        <button type="button" className="secondary more" onClick={() => setMost(most + pageSize)}>
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
      {doomed && (
        <Dialog title="Delete it?" onClose={() => setDoomed(undefined)}>
          <p>“{String(doomed.input.prompt)}” and its sound will be gone for good.</p>
          <div className="remedies">
            <button
              type="button"
              className="primary"
              onClick={() => {
                void remove([doomed.id]);
                setDoomed(undefined);
              }}
            >
              Delete
            </button>
            <button type="button" className="secondary" onClick={() => setDoomed(undefined)}>
              Keep it
            </button>
          </div>
        </Dialog>
      )}
    </div>
  );
}
