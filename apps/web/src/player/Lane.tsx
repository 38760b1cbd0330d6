import type { ReactNode } from 'react';
import type { Sound } from '../sound/sound.ts';
import { useDrawing } from './drawing.ts';
import { Spectrogram } from './Spectrogram.tsx';
import { Waveform } from './Waveform.tsx';

interface Props {
  /** What it is switched to by: A, 1, 2, ... */
  mark: string;
  title: ReactNode;
  facts?: ReactNode;
  /** What is to be known about it, as sentences. */
  notes?: readonly string[] | undefined;
  actions?: ReactNode;
  sound: Sound | undefined;
  offset: number;
  total: number;
  kind: 'source' | 'result';
  heard: boolean;
  onHear(): void;
  /** What is drawn over the sound. */
  children?: ReactNode;
  area(content: ReactNode): ReactNode;
}

/** A sound on the common time axis, with its name and what can be done with it. */
export function Lane({
  mark,
  title,
  facts,
  notes = [],
  actions,
  sound,
  offset,
  total,
  kind,
  heard,
  onHear,
  children,
  area,
}: Props) {
  const drawing = useDrawing((state) => state.drawing);
  const share = sound ? sound.duration / total : 1;
  return (
    <section
      className={`lane ${kind} ${heard ? 'heard' : ''}`}
      aria-label={kind === 'source' ? 'Source' : `Result ${mark}`}
    >
      <header>
        <button type="button" className="mark" aria-pressed={heard} onClick={onHear} title={`Hear it (${mark})`}>
          <span className="visually-hidden">Hear </span>
          {mark}
        </button>
        <div className="name">
          <strong>{title}</strong>
          {facts && <span className="facts">{facts}</span>}
        </div>
        <div className="actions">{actions}</div>
      </header>
      {notes.map((note) => (
        <p className="note" key={note}>
          {note}
        </p>
      ))}
      {area(
        <>
          {sound && (
            <div className="drawn" style={{ left: `${(100 * offset) / total}%`, width: `${100 * share}%` }}>
              {drawing !== 'spectrogram' && <Waveform sound={sound} height={drawing === 'both' ? 72 : 104} />}
              {drawing !== 'waveform' && <Spectrogram sound={sound} share={share} />}
            </div>
          )}
          {children}
          <div className="cursor" />
        </>,
      )}
    </section>
  );
}
