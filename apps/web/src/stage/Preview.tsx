import { useEffect, useRef, useState } from 'react';
import { useProgress } from '../runs/progress.ts';
import { service } from '../service/client.ts';
import { Icon } from '../shared/Icon.tsx';
import { analyse } from '../sound/analysis.ts';
import { decodeBytes } from '../sound/decode.ts';
import type { Facts } from '../sound/facts.ts';
import type { Run } from '../state/bench.ts';
import { Waveform } from './Waveform.tsx';

const whole = { from: 0, to: 1 };
/** Milliseconds after which nothing reads a preview any more that another one has replaced. */
const revokeAfter = 10_000;

/** The half-made result: drawn and played while the rest of it is made. */
export function Preview({ run }: { run: Run }) {
  const step = useProgress((all) => all[run.id]?.news?.progress?.preview);
  const [facts, setFacts] = useState<Facts>();
  const [url, setUrl] = useState<string>();
  const [playing, setPlaying] = useState(false);
  const audio = useRef<HTMLAudioElement>(null);
  const { taskId } = run;
  useEffect(() => {
    if (step === undefined || !taskId) return;
    let gone = false;
    let made: string | undefined;
    const load = async () => {
      const bytes = await service.preview(taskId, step);
      if (bytes.byteLength === 0) return;
      const blob = new Blob([bytes], { type: 'audio/wav' });
      const seen = await analyse(await decodeBytes(bytes));
      if (gone) return;
      made = URL.createObjectURL(blob);
      setFacts(seen);
      setUrl(made);
    };
    // A preview that does not come is no loss: the result does.
    load().catch(() => {});
    return () => {
      gone = true;
      // The player may still be reading from it.
      if (made) setTimeout(URL.revokeObjectURL, revokeAfter, made);
    };
  }, [taskId, step]);
  if (!facts || !url) return null;
  return (
    <div className="preview">
      <button
        type="button"
        className="quiet"
        aria-label={`${playing ? 'Pause' : 'Play'} the preview of result ${run.number}`}
        onClick={() => (playing ? audio.current?.pause() : void audio.current?.play())}
      >
        <Icon name={playing ? 'pause' : 'play'} /> Preview
      </button>
      <Waveform facts={facts} part={whole} />
      {/* biome-ignore lint/a11y/useMediaCaption: there are no words in it to caption */}
      <audio ref={audio} src={url} onPlay={() => setPlaying(true)} onPause={() => setPlaying(false)} />
    </div>
  );
}
