import type { TaskResult } from '@retone/contract';
import { go } from '../app/router.ts';
import { Download } from '../runs/ResultActions.tsx';
import { start } from '../runs/running.ts';
import { filePath, ownUrl } from '../service/client.ts';
import { sentence, when } from '../shared/format.ts';
import { Icon } from '../shared/Icon.tsx';
import { kindOf, kinds } from '../workspace/kinds.ts';
import { reopen } from './reopen.ts';

interface Props {
  task: TaskResult;
  /** What is playing. */
  playing: string | undefined;
  onPlay(url: string): void;
  onDelete(): void;
}

const statusWords = {
  created: 'In the queue',
  processing: 'Working',
  completed: '',
  failed: 'Failed',
  cancelled: 'Cancelled',
};

/** One task of the history. */
export function HistoryItem({ task, playing, onPlay, onDelete }: Props) {
  const kind = kindOf(task.model);
  const prompt = String(task.input.prompt ?? '');
  const output = task.outputs[0] && ownUrl(task.outputs[0]);
  const { audio } = task.input;
  const source = typeof audio === 'string' && filePath(audio) ? ownUrl(audio) : undefined;
  const again = async () => {
    go(kind);
    const { audio: _, seed: _seed, ...input } = task.input;
    if (await reopen(kind, task)) await start(kind, input);
  };
  return (
    <li className="item">
      <div className="hear">
        {output ? (
          <button
            type="button"
            className="play"
            aria-label={`${playing === output ? 'Pause' : 'Play'} “${prompt}”`}
            onClick={() => onPlay(output)}
          >
            <Icon name={playing === output ? 'pause' : 'play'} />
          </button>
        ) : (
          <span className="play none" />
        )}
      </div>
      <div className="what">
        <strong>{prompt}</strong>
        <span className="facts">
          {kinds[kind].title} · {when(task.created_at)} · seed {task.seed}
          {statusWords[task.status] && <span className={`tag ${task.status}`}>{statusWords[task.status]}</span>}
        </span>
        {task.error && <span className="error">{task.error}</span>}
        {task.warnings?.map((warning) => (
          <span className="facts" key={warning}>
            {sentence(warning)}
          </span>
        ))}
      </div>
      <div className="actions">
        {source && (
          <button
            type="button"
            className="quiet"
            onClick={() => onPlay(source)}
            aria-label={`Play the source of “${prompt}”`}
          >
            <Icon name={playing === source ? 'pause' : 'play'} /> <span>Source</span>
          </button>
        )}
        <button
          type="button"
          className="quiet"
          aria-label={`Open “${prompt}”`}
          onClick={() => {
            void reopen(kind, task);
            go(kind);
          }}
        >
          <Icon name="open" /> <span className="words">Open</span>
        </button>
        <button type="button" className="quiet" aria-label={`Run again: “${prompt}”`} onClick={() => void again()}>
          <Icon name="again" /> <span className="words">Run again</span>
        </button>
        {task.outputs[0] && <Download url={task.outputs[0]} />}
        <button type="button" className="quiet" aria-label={`Delete “${prompt}”`} onClick={onDelete}>
          <Icon name="trash" />
        </button>
      </div>
    </li>
  );
}
