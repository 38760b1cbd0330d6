import { AV_NOPTS_VALUE, AVMEDIA_TYPE_VIDEO } from 'node-av/constants';
import type { Frame, Packet } from 'node-av/lib';
import type { OpenedAudio } from './open.ts';

/** Less is rounding of timestamps, or an encoder's delay. Seconds. */
const smallestDelay = 0.01;
/** Live recordings have timestamps that waver; below this, only those that count samples are believed. Seconds. */
const smallestHole = 0.05;
/** A step of the clock that is longer than what the file lasts is none. Seconds. */
const leeway = 1;

/** Rounding error of timestamps in milliseconds, in seconds. */
const rounding = 0.002;

/** Whole frames are missing: their number is exact where timestamps are rounded. */
function wholeFrames(samples: number, frame: number, rate: number): number {
  const whole = Math.round(samples / frame) * frame;
  return whole > 0 && Math.abs(samples - whole) <= rounding * rate ? whole : Math.round(samples);
}

/** Where the frames of a track belong in time: says how much is missing before each. */
export class Timeline {
  readonly #audio: OpenedAudio;
  /** Time of the file's beginning, which moves where the clock is set again. */
  #origin: number;
  /** Time up to which there is sound, from the origin. */
  #end = 0;
  #begun = false;
  /** Whether something could not be decoded since the last frame. */
  #damaged = false;
  /** Samples that are missing without a step of the clock. */
  #lost = 0;

  constructor(audio: OpenedAudio) {
    this.#audio = audio;
    const { startTime } = audio.container;
    // Samples before 0 are the encoder's delay, which is dropped.
    this.#origin = startTime === AV_NOPTS_VALUE ? Number.NaN : Math.max(Number(startTime) / 1e6, 0);
  }

  /** Takes note of a packet of another track, with which the file may begin: pictures, before the sound comes in. */
  passed(packet: Packet): void {
    const stream = this.#audio.container.streams[packet.streamIndex];
    if (this.#begun || packet.pts === AV_NOPTS_VALUE || stream?.codecpar.codecType !== AVMEDIA_TYPE_VIDEO) return;
    const { num, den } = stream.timeBase;
    const time = Math.max((Number(packet.pts) * num) / den, 0);
    if (!(this.#origin <= time)) this.#origin = time;
  }

  /** Takes note that a packet could not be decoded: what it had is missing before the next frame, however short. */
  damaged(): void {
    this.#damaged = true;
  }

  /** Takes note of samples that are missing before the next frame, of which the clock knows nothing. */
  lost(samples: number): void {
    this.#lost += samples;
  }

  /** Takes note of seconds that the clock counts, but that hold no sound. */
  without(seconds: number): void {
    this.#origin += seconds;
  }

  /** Samples of silence that belong before a frame, and whether they are a hole in the sound or only its late beginning. */
  before(frame: Frame): { samples: number; hole: boolean } {
    const { num, den } = this.#audio.stream.timeBase;
    const { sampleRate, nbSamples, pts } = frame;
    const hole = this.#begun;
    this.#begun = true;
    let missing = 0;
    if (pts !== AV_NOPTS_VALUE) {
      // WMA's decoder gives each frame the time of the packet after it.
      const delay = /^wmav[12]$/.test(this.#audio.codec) ? nbSamples / sampleRate : 0;
      const time = (Number(pts) * num) / den - delay;
      if (Number.isNaN(this.#origin)) this.#origin = time;
      const gap = time - this.#origin - this.#end;
      const smallest = !hole || this.#damaged || den === sampleRate * num ? smallestDelay : smallestHole;
      const { duration = Number.POSITIVE_INFINITY } = this.#audio;
      const plausible = hole || duration === Number.POSITIVE_INFINITY ? gap <= duration + leeway : true;
      if (gap > smallest && plausible)
        missing = hole ? wholeFrames(gap * sampleRate, nbSamples, sampleRate) : Math.round(gap * sampleRate);
      else if (gap < -smallestHole || !plausible) this.#origin = time - this.#end;
    }
    this.#end += (missing + nbSamples) / sampleRate;
    const samples = missing + this.#lost;
    // The clock ignores them.
    this.#damaged = false;
    this.#lost = 0;
    return { samples, hole };
  }
}
