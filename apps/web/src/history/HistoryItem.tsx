import type { TaskResult } from '@retone/contract';
import { loadResult, soundOf } from '../bench/load.ts';
import { titleOf } from '../bench/titles.ts';
import { Download } from '../results/Download.tsx';
import { settingsOf } from '../results/settings.ts';
import { start } from '../runs/running.ts';
import { filePath, ownUrl } from '../service/client.ts';
import { serviceSettings } from '../service/settings.ts';
import { clock, sentence, when } from '../shared/format.ts';
import { Icon } from '../shared/Icon.tsx';
import { inTheirWords } from '../shared/parameter-names.ts';
import { useSounds } from '../sound/sounds.ts';
import { findSource, useBench } from '../state/bench.ts';
import { verbOf, verbs } from '../state/verbs.ts';
import { reopen, runOfTask } from './reopen.ts';
import { Scrub } from './Scrub.tsx';

interface Props {
  task: TaskResult;
  chosen: boolean;
  onChoose(chosen: boolean): void;
  /** What is playing. */
  playing: string | undefined;
  onPlay(url: string, at?: number): void;
  onDelete(): void;
}

const statusWords = {
  created: 'In the queue',
  processing: 'Working',
  completed: '',
  failed: 'Failed',
  cancelled: 'Cancelled',
};
const day = 24 * 3600 * 1000;

/** One task of the history. */
export function HistoryItem({ task, chosen, onChoose, playing, onPlay, onDelete }: Props) {
  const known = useBench(({ runs }) => runs.find(({ taskId }) => taskId === task.id));
  const run = known ?? runOfTask(task);
  const verb = verbOf(task.model);
  const prompt = titleOf(run);
  const output = task.outputs[0] && ownUrl(task.outputs[0]);
  const facts = useSounds((state) => (task.outputs[0] ? state.facts[soundOf(task.outputs[0])] : undefined));
  const { audio } = task.input;
  const source = typeof audio === 'string' && filePath(audio) ? ownUrl(audio) : undefined;
  const sourceName = useSourceName(known?.sourceId, typeof audio === 'string' ? audio : undefined);
  const again = async () => {
    const opened = await reopen(task);
    if (!opened) return;
    const { audio: _, seed: _seed, ...input } = task.input;
    await start({ verb, model: task.model, input, source: findSource(opened.sourceId) });
  };
  const { retentionDays } = serviceSettings;
  const expires = retentionDays === null ? undefined : new Date(Date.parse(task.created_at) + retentionDays * day);
  const details = [
    verbs[verb].title,
    when(task.created_at),
    ...(facts ? [clock(facts.duration)] : []),
    ...settingsOf(run).map(({ text }) => text),
    ...(sourceName ? [`from ${sourceName}`] : []),
    ...(expires ? [`deleted on ${expires.toLocaleDateString()}`] : []),
  ];
  return (
    <li className="item">
      <input
        type="checkbox"
        checked={chosen}
        aria-label={`Select “${prompt}”`}
        onChange={({ target }) => onChoose(target.checked)}
      />
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
      <div className="what">
        <strong title={prompt}>
          {known?.favourite && <Icon name="starred" />} {prompt}
        </strong>
        <span className="facts">
          {details.join(' · ')}
          {statusWords[task.status] && <span className={`tag ${task.status}`}>{statusWords[task.status]}</span>}
        </span>
        {task.error && <span className="error">{sentence(inTheirWords(task.error))}</span>}
        {task.warnings?.map((warning) => (
          <span className="facts" key={warning}>
            {sentence(inTheirWords(warning))}
          </span>
        ))}
      </div>
      {output && (
        <Scrub
          sound={soundOf(task.outputs[0]!)}
          load={loadResult(run)}
          facts={facts}
          label={prompt}
          onSeek={(at) => onPlay(output, at)}
        />
      )}
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
        <button type="button" className="quiet" aria-label={`Open “${prompt}”`} onClick={() => void reopen(task)}>
          <Icon name="open" /> <span className="words">Open</span>
        </button>
        <button type="button" className="quiet" aria-label={`Run again: “${prompt}”`} onClick={() => void again()}>
          <Icon name="again" /> <span className="words">Run again</span>
        </button>
        {output && <Download run={run} />}
        <button type="button" className="quiet" aria-label={`Delete “${prompt}”`} onClick={onDelete}>
          <Icon name="trash" />
        </button>
      </div>
    </li>
  );
}

/** The name of the recording that a task was made from, as far as the bench knows it. */
function useSourceName(sourceId: string | undefined, audio: string | undefined): string | undefined {
  return useBench(({ sources }) => sources.find(({ id, url }) => id === sourceId || (url && url === audio)))?.name;
}
