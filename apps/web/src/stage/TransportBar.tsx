import { useRef, useState } from 'react';
import { clock } from '../shared/format.ts';
import { Icon } from '../shared/Icon.tsx';
import { beatsPerBar, type Grid, inBars } from '../sound/grid.ts';
import { transport } from '../state/timeline.ts';
import { BlindTest } from './BlindTest.tsx';
import type { ListedTrack } from './tracks.ts';
import { useEveryFrame } from './useEveryFrame.ts';
import { ViewControls } from './ViewControls.tsx';

interface Props {
  tracks: ListedTrack[];
  /** Where the recording begins on the axis; the clock counts from there. */
  origin: number;
  grid: Grid | undefined;
}

/** More tracks than this are chosen from a list. */
const mostButtons = 6;

/** Play, position, what is listened to, loop, loudness, and how sounds are shown. */
export function TransportBar({ tracks, origin, grid }: Props) {
  const { playing, heard, loop, matched, volume } = transport.state();
  const [blind, setBlind] = useState(false);
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
      <Position />
      <Clock tracks={tracks} origin={origin} />
      {tracks.length > 1 && <Switcher tracks={tracks} heard={heard} />}
      <button
        type="button"
        className="toggle"
        aria-pressed={loop !== undefined}
        aria-keyshortcuts="L"
        title={loop && grid ? `${inBars(loop.end - loop.start, grid)} of ${beatsPerBar}/4` : 'Loop'}
        onClick={() => transport.toggleLoop()}
      >
        <Icon name="loop" /> Loop {loop && grid && <span className="tag">{inBars(loop.end - loop.start, grid)}</span>}
      </button>
      {tracks.length > 1 && (
        <>
          <button
            type="button"
            className="toggle"
            aria-pressed={matched}
            title="Turns louder tracks down, so that you compare sound and not level"
            onClick={() => transport.setMatched(!matched)}
          >
            <Icon name="level" /> <span className="words">Same loudness</span>
            <span className="tag reduction">{matched && reduction > 0.05 ? `−${reduction.toFixed(1)} dB` : ''}</span>
          </button>
          <button
            type="button"
            className="toggle"
            title="Compare the results without their names"
            onClick={() => setBlind(true)}
          >
            <Icon name="compare" /> <span className="words">Blind test</span>
          </button>
        </>
      )}
      <label className="volume" title="Volume">
        <Icon name="volume" />
        <input
          type="range"
          min={0}
          max={1}
          step={0.01}
          value={volume}
          aria-label="Volume"
          onChange={({ target }) => transport.setVolume(target.valueAsNumber)}
        />
      </label>
      <ViewControls hasGrid={grid !== undefined} />
      {blind && <BlindTest tracks={tracks} onClose={() => setBlind(false)} />}
    </div>
  );
}

function Switcher({ tracks, heard }: { tracks: ListedTrack[]; heard: string | undefined }) {
  if (tracks.length > mostButtons) {
    return (
      <select
        className="switcher"
        aria-label="Listening to"
        value={heard}
        onChange={({ target }) => transport.hear(target.value)}
      >
        {tracks.map(({ id, mark, name }) => (
          <option key={id} value={id}>
            {mark}: {name}
          </option>
        ))}
      </select>
    );
  }
  return (
    <div className="segments" role="group" aria-label="Listening to">
      {tracks.map(({ id, mark, name }) => (
        <button
          type="button"
          key={id}
          aria-pressed={heard === id}
          aria-label={`Listen to ${name}`}
          onClick={() => transport.hear(id)}
        >
          {mark}
        </button>
      ))}
    </div>
  );
}

/** The position as a slider, for keyboards and screen readers; on the lanes it is the cursor. */
function Position() {
  const { total } = transport.state();
  const input = useRef<HTMLInputElement>(null);
  useEveryFrame(() => {
    // While it is dragged it is ahead of the sound.
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

/** The time as the ruler counts it, from where the recording begins, and where what is listened to ends. */
function Clock({ tracks, origin }: Pick<Props, 'tracks' | 'origin'>) {
  const heard = transport.state((state) => state.heard);
  const text = useRef<HTMLSpanElement>(null);
  const track = tracks.find(({ id }) => id === heard);
  useEveryFrame(() => {
    const time = transport.time - origin;
    const now = `${time < -0.05 ? '−' : ''}${clock(Math.abs(time))}`;
    if (text.current && text.current.textContent !== now) text.current.textContent = now;
  });
  return (
    <span className="clock">
      <span ref={text}>0:00.0</span> / {clock(track ? track.offset + track.duration - origin : 0)}
    </span>
  );
}
