import { useEffect, useMemo, useState } from 'react';
import { setFavourite } from '../bench/results.ts';
import { Dialog } from '../shared/Dialog.tsx';
import { Icon } from '../shared/Icon.tsx';
import { findRun } from '../state/bench.ts';
import { transport } from '../state/timeline.ts';
import type { ListedTrack } from './tracks.ts';

/** The same order for as long as the dialog is open, and another one the next time. */
function shuffled<Item>(items: Item[]): Item[] {
  const order = items.map((item) => ({ item, at: Math.random() }));
  return order.toSorted((a, b) => a.at - b.at).map(({ item }) => item);
}

/** Compares results without their names, in a shuffled order and at one loudness, until one of them is chosen. */
export function BlindTest({ tracks, onClose }: { tracks: ListedTrack[]; onClose(): void }) {
  const ids = tracks.map(({ id }) => id).join();
  // biome-ignore lint/correctness/useExhaustiveDependencies: another order would give the names away
  const order = useMemo(() => shuffled(tracks.filter(({ id }) => id !== 'source')), [ids]);
  const { heard, playing } = transport.state();
  const [chosen, setChosen] = useState<ListedTrack>();
  useEffect(() => {
    transport.setMatched(true);
    transport.setWet(1);
    if (order[0]) transport.hear(order[0].id);
    if (!transport.state.getState().playing) void transport.play();
  }, [order]);
  const letter = (at: number) => String.fromCharCode(88 + (at % 3)) + (at > 2 ? Math.floor(at / 3) : '');
  const choose = (track: ListedTrack) => {
    setChosen(track);
    const run = findRun(track.id);
    if (run) setFavourite(run, true);
  };
  return (
    <Dialog title="Blind test" onClose={onClose}>
      <p className="help">
        {chosen
          ? `You chose ${chosen.name}. It is marked as a favourite.`
          : 'Results in a shuffled order at the same loudness. Listen, then choose the one that you like best.'}
      </p>
      <ul className="blind">
        {order.map((track, at) => (
          <li key={track.id} className={heard === track.id ? 'heard' : ''}>
            <button
              type="button"
              className="secondary"
              aria-pressed={heard === track.id}
              onClick={() => transport.hear(track.id)}
            >
              Listen to {letter(at)}
            </button>
            {chosen ? (
              <span>
                {letter(at)} is {track.name}
              </span>
            ) : (
              <button type="button" className="quiet" onClick={() => choose(track)}>
                <Icon name="star" /> Choose {letter(at)}
              </button>
            )}
          </li>
        ))}
      </ul>
      <div className="remedies">
        <button type="button" className="secondary" onClick={() => transport.toggle()}>
          <Icon name={playing ? 'pause' : 'play'} /> {playing ? 'Pause' : 'Play'}
        </button>
      </div>
    </Dialog>
  );
}
