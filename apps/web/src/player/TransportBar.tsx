import { useRef } from 'react';
import { clock } from '../shared/format.ts';
import { Icon } from '../shared/Icon.tsx';
import type { Transport } from '../sound/transport.ts';
import { type Drawing, draw, useDrawing } from './drawing.ts';
import { useEveryFrame } from './useEveryFrame.ts';

const drawings: [Drawing, string][] = [
  ['waveform', 'Wave'],
  ['spectrogram', 'Spectrum'],
  ['both', 'Both'],
];

interface Props {
  transport: Transport;
  /** What can be heard: id and mark. */
  tracks: { id: string; mark: string; name: string }[];
}

/** Play, position, what is heard, loop, loudness, and how sounds are drawn. */
export function TransportBar({ transport, tracks }: Props) {
  const { playing, heard, loop, matched, total } = transport.state();
  const drawing = useDrawing((state) => state.drawing);
  const reduction = heard ? transport.reduction(heard) : 0;
  return (
    <div className="transport" role="toolbar" aria-label="Player">
      <button
        type="button"
        className="play"
        onClick={() => transport.toggle()}
        aria-label={playing ? 'Pause' : 'Play'}
        aria-keyshortcuts="Space"
      >
        <Icon name={playing ? 'pause' : 'play'} />
      </button>
      <Position transport={transport} />
      <Clock transport={transport} total={total} />
      {tracks.length > 1 && (
        <div className="segments" role="group" aria-label="What is heard">
          {tracks.map(({ id, mark, name }) => (
            <button
              type="button"
              key={id}
              aria-pressed={heard === id}
              aria-label={`Hear ${name}`}
              onClick={() => transport.hear(id)}
            >
              {mark}
            </button>
          ))}
        </div>
      )}
      <button
        type="button"
        className="toggle"
        aria-pressed={loop !== undefined}
        aria-keyshortcuts="L"
        onClick={() => transport.setLoop(loop ? undefined : { start: 0, end: total })}
      >
        <Icon name="loop" /> Loop
      </button>
      {tracks.length > 1 && (
        <button
          type="button"
          className="toggle"
          aria-pressed={matched}
          title="Turns the louder ones down, so that you compare sound and not level"
          onClick={() => transport.setMatched(!matched)}
        >
          <Icon name="level" /> Same loudness
          {matched && reduction > 0.05 && <span className="tag">−{reduction.toFixed(1)} dB</span>}
        </button>
      )}
      <div className="segments views" role="group" aria-label="Drawing">
        {drawings.map(([name, label]) => (
          <button type="button" key={name} aria-pressed={drawing === name} onClick={() => draw(name)}>
            {label}
          </button>
        ))}
      </div>
    </div>
  );
}

/** The position as a slider, for keyboards and screen readers; on the lanes it is the cursor. */
function Position({ transport }: { transport: Transport }) {
  const { total } = transport.state();
  const input = useRef<HTMLInputElement>(null);
  useEveryFrame(() => {
    // While it is dragged it goes ahead of the sound.
    if (input.current?.matches(':not(:active)')) input.current.value = String(transport.time);
  });
  return (
    <input
      ref={input}
      className="position"
      type="range"
      min={0}
      max={total || 1}
      step={0.01}
      defaultValue={0}
      aria-label="Position in seconds"
      onChange={({ target }) => transport.seek(Number(target.value))}
    />
  );
}

function Clock({ transport, total }: { transport: Transport; total: number }) {
  const text = useRef<HTMLSpanElement>(null);
  useEveryFrame(() => {
    const now = clock(transport.time);
    if (text.current && text.current.textContent !== now) text.current.textContent = now;
  });
  return (
    <span className="clock">
      <span ref={text}>0:00.0</span> / {clock(total)}
    </span>
  );
}
