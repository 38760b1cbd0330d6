import { takeFiles } from '../bench/intake.ts';
import { loadResult } from '../bench/load.ts';
import { titleOf } from '../bench/titles.ts';
import { Icon } from '../shared/Icon.tsx';
import { beatsPerBar, gridOf } from '../sound/grid.ts';
import { seamless } from '../sound/seamless.ts';
import { bufferOf, useSounds } from '../sound/sounds.ts';
import type { Region } from '../sound/transport.ts';
import { wavFile } from '../sound/wav.ts';
import type { Run } from '../state/bench.ts';
import { transport } from '../state/timeline.ts';

interface Props {
  run: Run;
  sound: string;
  /** Where the result begins on the time axis, in seconds. */
  offset: number;
}

/** Makes a loop of a result whose end joins its beginning: of the loop that is set, or of as many whole bars as there are. */
export function SeamlessLoop({ run, sound, offset }: Props) {
  const facts = useSounds((state) => state.facts[sound]);
  if (!facts) return null;
  const make = async () => {
    const buffer = await bufferOf(sound, loadResult(run));
    const { loop } = transport.state.getState();
    const { start, end } = loop ? within(loop, offset, buffer.duration) : wholeBars(facts.tempo, buffer.duration);
    const [from, to] = [start, end].map((time) => Math.round(time * buffer.sampleRate)) as [number, number];
    const channels = Array.from({ length: buffer.numberOfChannels }, (_, c) => buffer.getChannelData(c));
    const blob = new Blob([wavFile(seamless(channels, from, to, buffer.sampleRate), buffer.sampleRate)], {
      type: 'audio/wav',
    });
    await takeFiles([{ name: `${titleOf(run)} (loop).wav`, blob }]);
  };
  return (
    <button
      type="button"
      className="quiet"
      title="Make a recording of the loop, or of whole bars, whose end joins its beginning"
      onClick={() => void make()}
    >
      <Icon name="loop" /> <span className="words">Seamless loop</span>
    </button>
  );
}

function within({ start, end }: Region, offset: number, duration: number): Region {
  return { start: Math.max(0, Math.min(start - offset, duration - 0.1)), end: Math.min(end - offset, duration) };
}

/** As many whole bars as a sound has from its first beat; all of it where it has no tempo. */
function wholeBars(tempo: Parameters<typeof gridOf>[0], duration: number): Region {
  const grid = gridOf(tempo, 0);
  const bar = grid && grid.beat * beatsPerBar;
  const bars = bar ? Math.floor((duration - grid.first + 0.02) / bar) : 0;
  if (!grid || !bar || bars < 1) return { start: 0, end: duration };
  return { start: grid.first, end: Math.min(duration, grid.first + bars * bar) };
}
