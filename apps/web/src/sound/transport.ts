import { create } from 'zustand';
import type { Sound } from './sound.ts';

/** A sound on the common time axis. */
export interface Track {
  id: string;
  sound: Sound;
  /** Seconds from the axis' beginning to the sound's. */
  offset: number;
}

export interface Region {
  start: number;
  end: number;
}

interface State {
  playing: boolean;
  /** Which track is heard. */
  heard: string | undefined;
  loop: Region | undefined;
  matched: boolean;
  /** Seconds; the axis' length. */
  total: number;
}

/** How fast one track takes over from another, in seconds: too short to notice, long enough not to click. */
const crossfade = 0.008;

let shared: AudioContext | undefined;

/** What plays everything. Making it takes a while; it is silent until someone presses play. */
function audioContext(): AudioContext {
  shared ??= new AudioContext({ sampleRate: 44_100, latencyHint: 'interactive' });
  return shared;
}

/**
 * Plays tracks in step, sample by sample, of which one is heard: switching keeps the position. Where loudness is matched,
 * louder tracks are turned down to the softest.
 */
export class Transport {
  readonly state = create<State>(() => ({
    playing: false,
    heard: undefined,
    loop: undefined,
    matched: true,
    total: 0,
  }));
  #context: AudioContext | undefined;
  #tracks: Track[] = [];
  #voices = new Map<string, { node: AudioBufferSourceNode | undefined; gain: GainNode }>();
  /** Where the axis stood when playing began, and when that was on the context's clock. */
  #position = 0;
  #startedAt = 0;
  #watch = 0;

  setTracks(tracks: Track[], total: number): void {
    const same =
      tracks.length === this.#tracks.length &&
      tracks.every(({ sound, offset }, i) => sound === this.#tracks[i]!.sound && offset === this.#tracks[i]!.offset);
    const { heard, playing, loop } = this.state.getState();
    const position = this.time;
    this.#tracks = tracks;
    const next = tracks.some(({ id }) => id === heard) ? heard : tracks[0]?.id;
    const kept = loop && loop.end <= total + 0.001 ? loop : undefined;
    const before = this.state.getState();
    if (before.heard !== next || before.total !== total || before.loop !== kept) {
      this.state.setState({ heard: next, total, loop: kept });
    }
    if (same) return;
    if (tracks.length > 0) setTimeout(audioContext);
    this.#silence();
    this.#position = Math.min(position, total);
    if (playing && tracks.length > 0) this.#start();
    else if (playing) this.state.setState({ playing: false });
  }

  /** Seconds on the axis. */
  get time(): number {
    const { playing, loop, total } = this.state.getState();
    if (!playing || !this.#context) return this.#position;
    const time = this.#position + Math.max(0, this.#context.currentTime - this.#startedAt);
    if (loop && this.#position < loop.end && time >= loop.end) {
      return loop.start + ((time - loop.start) % (loop.end - loop.start));
    }
    return Math.min(time, total);
  }

  async play(): Promise<void> {
    if (this.#tracks.length === 0) return;
    this.#context = audioContext();
    await this.#context.resume();
    const { first, last } = this.#ends();
    if (this.#position < first || this.#position >= last - 0.01) this.#position = first;
    this.#start();
  }

  pause(): void {
    this.#position = this.time;
    this.#silence();
    this.state.setState({ playing: false });
  }

  toggle(): void {
    if (this.state.getState().playing) this.pause();
    else void this.play();
  }

  seek(time: number): void {
    const { playing, total } = this.state.getState();
    this.#position = Math.max(0, Math.min(time, total));
    if (playing) this.#start();
    else this.state.setState({});
  }

  setLoop(loop: Region | undefined): void {
    const position = this.time;
    this.state.setState({ loop });
    this.#position = position;
    if (this.state.getState().playing) this.#start();
  }

  hear(id: string): void {
    this.state.setState({ heard: id });
    this.#mix();
  }

  setMatched(matched: boolean): void {
    this.state.setState({ matched });
    this.#mix();
  }

  /** What a track is turned down by to match the others, in dB. */
  reduction(id: string): number {
    const track = this.#tracks.find((each) => each.id === id);
    const levels = this.#tracks.map(({ sound }) => sound.loudness).filter(Number.isFinite);
    if (!track || !this.state.getState().matched || !Number.isFinite(track.sound.loudness)) return 0;
    return track.sound.loudness - Math.min(...levels);
  }

  #start(): void {
    const context = this.#context!;
    this.#silence();
    const { loop } = this.state.getState();
    if (loop && (this.#position < loop.start || this.#position >= loop.end)) this.#position = loop.start;
    this.state.setState({ playing: true });
    const when = context.currentTime + 0.02;
    this.#startedAt = when;
    for (const track of this.#tracks) {
      const gain = new GainNode(context, { gain: 0 });
      gain.connect(context.destination);
      this.#voices.set(track.id, { node: this.#voice(track, gain, when, loop), gain });
    }
    this.#mix(true);
    if (!loop) this.#watchEnd();
  }

  #voice(track: Track, gain: GainNode, when: number, loop: Region | undefined): AudioBufferSourceNode | undefined {
    const context = this.#context!;
    const { sound, offset } = track;
    if (loop) {
      // Every track's loop has exactly the same length, so that they stay in step for ever.
      const buffer = cut(sound.buffer, loop.start - offset, loop.end - loop.start);
      const node = new AudioBufferSourceNode(context, { buffer, loop: true });
      node.connect(gain);
      node.start(when, this.#position - loop.start);
      return node;
    }
    const into = this.#position - offset;
    if (into >= sound.duration) return undefined;
    const node = new AudioBufferSourceNode(context, { buffer: sound.buffer });
    node.connect(gain);
    node.start(when + Math.max(0, -into), Math.max(0, into));
    return node;
  }

  #mix(atOnce = false): void {
    const { heard } = this.state.getState();
    for (const [id, { gain }] of this.#voices) {
      const level = id === heard ? 10 ** (-this.reduction(id) / 20) : 0;
      const now = this.#context!.currentTime;
      gain.gain.cancelScheduledValues(now);
      if (atOnce) gain.gain.setValueAtTime(level, now);
      else gain.gain.setTargetAtTime(level, now, crossfade / 3);
    }
  }

  #watchEnd(): void {
    const { first, last } = this.#ends();
    const left = (last - this.#position) * 1000 + 60;
    this.#watch = window.setTimeout(() => {
      this.#silence();
      this.#position = first;
      this.state.setState({ playing: false });
    }, left);
  }

  /** Where on the axis there is sound. */
  #ends(): { first: number; last: number } {
    const first = Math.min(...this.#tracks.map(({ offset }) => offset));
    return { first, last: Math.max(...this.#tracks.map(({ offset, sound }) => offset + sound.duration)) };
  }

  #silence(): void {
    clearTimeout(this.#watch);
    for (const { node, gain } of this.#voices.values()) {
      node?.stop();
      gain.disconnect();
    }
    this.#voices.clear();
  }
}

/** A part of a sound; silence where there is none. */
function cut(buffer: AudioBuffer, start: number, duration: number): AudioBuffer {
  const { sampleRate, numberOfChannels } = buffer;
  const part = new AudioBuffer({
    sampleRate,
    numberOfChannels,
    length: Math.max(1, Math.round(duration * sampleRate)),
  });
  const from = Math.round(start * sampleRate);
  for (let c = 0; c < numberOfChannels; c++) {
    const samples = buffer.getChannelData(c).subarray(Math.max(0, from), Math.max(0, from + part.length));
    if (samples.length > 0) part.copyToChannel(samples, c, Math.max(0, -from));
  }
  return part;
}
