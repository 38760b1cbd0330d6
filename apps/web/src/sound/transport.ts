import { create } from 'zustand';
import { bufferOf, type Load } from './sounds.ts';

/** A sound on the common time axis. */
export interface Track {
  id: string;
  /** The id of its samples. */
  sound: string;
  /** Seconds. */
  duration: number;
  /** LUFS. */
  loudness: number;
  /** Seconds from the axis' beginning to the sound's. */
  offset: number;
  load: Load;
}

export interface Region {
  start: number;
  end: number;
}

interface State {
  playing: boolean;
  /** Which track is listened to. */
  heard: string | undefined;
  loop: Region | undefined;
  matched: boolean;
  /** How much of a result is heard beside its source: 1 is the result alone. */
  wet: number;
  /** 0 to 1. */
  volume: number;
  /** Seconds; the axis' length. */
  total: number;
}

/** How fast one track takes over from another, in seconds: too short to notice, long enough not to click. */
const crossfade = 0.008;
/** Seconds from a decision to the sound: a voice is scheduled, not started at once, so that voices stay in step. */
const lead = 0.02;
/** The track that results are mixed with. */
const dryTrack = 'source';

let shared: AudioContext | undefined;

/** What plays everything. Making it takes a while; it is silent until someone presses play. */
function audioContext(): AudioContext {
  shared ??= new AudioContext({ sampleRate: 44_100, latencyHint: 'interactive' });
  return shared;
}

interface Voice {
  node: AudioBufferSourceNode | undefined;
  gain: GainNode;
}

/**
 * Plays tracks on one clock, sample by sample: switching keeps the position. Only what is heard has a voice, and only that
 * is decoded. Where loudness is matched, louder tracks are turned down to the softest.
 */
export class Transport {
  readonly state = create<State>(() => ({
    playing: false,
    heard: undefined,
    loop: undefined,
    matched: true,
    wet: 1,
    volume: 1,
    total: 0,
  }));
  #context: AudioContext | undefined;
  #tracks: Track[] = [];
  #voices = new Map<string, Voice>();
  /** Counts the starts: samples that are decoded for an earlier one come too late. */
  #start = 0;
  /** Where the axis stood when playing began, and when that was on the context's clock. */
  #position = 0;
  #startedAt = 0;
  #watch = 0;
  /** A track to listen to as soon as it is there. */
  #awaited: string | undefined;
  /** The loop that was switched off last. */
  #lastLoop: Region | undefined;

  setTracks(tracks: Track[], total: number): void {
    const before = this.state.getState();
    const same = tracks.length === this.#tracks.length && tracks.every((track, i) => isSame(track, this.#tracks[i]!));
    const position = this.time;
    const moved = this.#tracks.find(({ id }) => id === before.heard)?.offset;
    this.#tracks = tracks;
    const has = (id: string | undefined) => tracks.some((track) => track.id === id);
    const comes = !before.playing && has(this.#awaited);
    const heard = comes ? this.#awaited : has(before.heard) ? before.heard : tracks[0]?.id;
    if (comes) this.#awaited = undefined;
    const loop = before.loop && before.loop.end <= total + 0.001 ? before.loop : undefined;
    if (before.heard !== heard || before.total !== total || before.loop !== loop) {
      this.state.setState({ heard, total, loop });
    }
    if (same) return;
    if (tracks.length > 0) setTimeout(audioContext);
    const isThere = moved === tracks.find(({ id }) => id === heard)?.offset && heard === before.heard;
    // A result that was added does not interrupt what plays.
    if (before.playing && isThere && loop === before.loop) return;
    this.#silence();
    this.#position = Math.min(position, total);
    if (before.playing && tracks.length > 0) this.#begin();
    else if (before.playing) this.state.setState({ playing: false });
  }

  /** Seconds on the axis. */
  get time(): number {
    const { playing } = this.state.getState();
    return playing && this.#context ? this.#timeAt(this.#context.currentTime) : this.#position;
  }

  #timeAt(moment: number): number {
    const { loop, total } = this.state.getState();
    const time = this.#position + Math.max(0, moment - this.#startedAt);
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
    this.#begin();
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
    if (playing) this.#begin();
    else this.state.setState({});
  }

  setLoop(loop: Region | undefined): void {
    const position = this.time;
    this.#lastLoop = this.state.getState().loop ?? this.#lastLoop;
    this.state.setState({ loop });
    this.#position = position;
    if (this.state.getState().playing) this.#begin();
  }

  /** Shows a loop that is being dragged; it plays when that is done. */
  markLoop(loop: Region, done: boolean): void {
    if (done) this.setLoop(loop);
    else this.state.setState({ loop });
  }

  /** Switches the loop off, or on again with the region that it had. */
  toggleLoop(): void {
    const { loop, total } = this.state.getState();
    const last = this.#lastLoop && this.#lastLoop.end <= total + 0.001 ? this.#lastLoop : { start: 0, end: total };
    this.setLoop(loop ? undefined : last);
  }

  /** Listens to a track; one that is not there yet is listened to when it comes. */
  hear(id: string): void {
    if (!this.#tracks.some((track) => track.id === id)) {
      this.#awaited = id;
      return;
    }
    this.#awaited = undefined;
    this.state.setState({ heard: id });
    this.#mix();
  }

  setMatched(matched: boolean): void {
    this.state.setState({ matched });
    this.#mix();
  }

  setWet(wet: number): void {
    this.state.setState({ wet });
    this.#mix();
  }

  setVolume(volume: number): void {
    this.state.setState({ volume });
    this.#mix();
  }

  /** What a track is turned down by to match the others, in dB. */
  reduction(id: string): number {
    const track = this.#tracks.find((each) => each.id === id);
    const levels = this.#tracks.map(({ loudness }) => loudness).filter(Number.isFinite);
    if (!track || !this.state.getState().matched || !Number.isFinite(track.loudness)) return 0;
    return track.loudness - Math.min(...levels);
  }

  #begin(): void {
    const context = this.#context!;
    this.#silence();
    const { loop } = this.state.getState();
    if (loop && (this.#position < loop.start || this.#position >= loop.end)) this.#position = loop.start;
    this.#startedAt = context.currentTime + lead;
    this.state.setState({ playing: true });
    this.#mix();
    if (!loop) this.#watchEnd();
  }

  /** How loud each track is now, without those that are silent. */
  #levels(): Map<string, number> {
    const { heard, wet, volume } = this.state.getState();
    const isMixed = wet < 1 && heard !== dryTrack && this.#tracks.some(({ id }) => id === dryTrack);
    const shares: [string | undefined, number][] = isMixed
      ? [
          [heard, wet],
          [dryTrack, 1 - wet],
        ]
      : [[heard, 1]];
    return new Map(
      shares.flatMap(([id, share]) =>
        id !== undefined && share > 0 ? [[id, share * volume * 10 ** (-this.reduction(id) / 20)]] : [],
      ),
    );
  }

  /** Fades to what is to be heard now. */
  #mix(): void {
    if (!this.state.getState().playing || !this.#context) return;
    const levels = this.#levels();
    const now = this.#context.currentTime;
    for (const [id, { gain }] of this.#voices) {
      gain.gain.cancelScheduledValues(now);
      gain.gain.setTargetAtTime(levels.get(id) ?? 0, now, crossfade / 3);
      if (!levels.has(id)) this.#release(id, now + 10 * crossfade);
    }
    for (const id of levels.keys()) if (!this.#voices.has(id)) void this.#join(id);
  }

  /** Starts a track's voice in step with the others. */
  async #join(id: string): Promise<void> {
    const track = this.#tracks.find((each) => each.id === id);
    if (!track) return;
    const context = this.#context!;
    const start = this.#start;
    const gain = new GainNode(context, { gain: 0 });
    gain.connect(context.destination);
    const voice: Voice = { node: undefined, gain };
    this.#voices.set(id, voice);
    const buffer = await bufferOf(track.sound, track.load).catch(() => undefined);
    if (!buffer || start !== this.#start || this.#voices.get(id) !== voice) return gain.disconnect();
    const when = Math.max(this.#startedAt, context.currentTime + lead);
    voice.node = this.#voice(buffer, track, gain, when);
    gain.gain.setTargetAtTime(this.#levels().get(id) ?? 0, when, crossfade / 3);
  }

  #voice(buffer: AudioBuffer, { offset }: Track, gain: GainNode, when: number): AudioBufferSourceNode | undefined {
    const context = this.#context!;
    const { loop } = this.state.getState();
    const position = this.#timeAt(when);
    if (loop) {
      // Every track's loop has exactly the same length, so that they stay in step for ever.
      const part = cut(buffer, loop.start - offset, loop.end - loop.start);
      const node = new AudioBufferSourceNode(context, { buffer: part, loop: true });
      node.connect(gain);
      node.start(when, position - loop.start);
      return node;
    }
    const into = position - offset;
    if (into >= buffer.duration) return undefined;
    const node = new AudioBufferSourceNode(context, { buffer });
    node.connect(gain);
    node.start(when + Math.max(0, -into), Math.max(0, into));
    return node;
  }

  /** Ends a voice that has faded out. */
  #release(id: string, when: number): void {
    const { node, gain } = this.#voices.get(id)!;
    this.#voices.delete(id);
    node?.stop(when);
    if (node) node.onended = () => gain.disconnect();
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
    return { first, last: Math.max(...this.#tracks.map(({ offset, duration }) => offset + duration)) };
  }

  #silence(): void {
    this.#start++;
    clearTimeout(this.#watch);
    for (const { node, gain } of this.#voices.values()) {
      node?.stop();
      gain.disconnect();
    }
    this.#voices.clear();
  }
}

function isSame(one: Track, other: Track): boolean {
  return one.id === other.id && one.offset === other.offset && one.duration === other.duration;
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
