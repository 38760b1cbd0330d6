import { AV_NOPTS_VALUE } from 'node-av/constants';
import { Frame, Packet } from 'node-av/lib';
import { AudioError } from '../errors.ts';
import type { DecodeJob } from '../jobs.ts';
import { join, lengthOf, type Piece, silence, slice } from '../piece.ts';
import { Converter, mostPlanes } from './convert.ts';
import { Joins, lostFrames } from './lost-frames.ts';
import { type OpenedAudio, openAudio, openParts } from './open.ts';
import { Resampler } from './resample.ts';
import { Timeline } from './timeline.ts';
import type { Wave } from './wave.ts';

// Samples per message to the caller: frames are small, and each message costs.
const messageLength = 65536;

// Bytes that this process may take while it decodes. The sound is sent to the caller at once, so it needs little.
const ownMemory = 2 ** 30;

/** Facts of a decoded file. */
export interface Decoded {
  sampleRate: number;
  channels: number;
  /** Losses, in sentences. */
  warnings: string[];
}

/** Decodes a file and hands it over piece by piece, so that this process never holds it as a whole. */
export async function decode(job: DecodeJob, emit: (piece: Piece) => Promise<void>): Promise<Decoded> {
  const [first, ...others] = openParts(job.source, job.maxBytes);
  const audio = await openAudio(first!);
  const { name, duration } = audio;
  const needsAll = job.seconds === undefined || job.seconds > job.maxDuration;
  if (needsAll && others.length === 0 && duration !== undefined && duration > job.maxDuration) {
    if (!audio.guessed) throw tooLong(name, duration, job.maxDuration);
    await checkPackets(first!, job.maxDuration);
  }
  const output = new Output(job, name, emit);
  const packets = { good: 0, bad: 0 };
  await decodePart(audio, output, packets);
  for (const part of others) if (!output.full) await decodePart(await openAudio(part), output, packets);
  // Players skip what they cannot decode, and so does Retone, as long as most of the file is sound.
  const { good, bad } = packets;
  if (bad > good) {
    const part = `${bad} of ${bad + good} parts cannot be decoded`;
    throw new AudioError('damaged', `${name} is damaged: ${part}; give an intact copy`);
  }
  return output.end(bad);
}

/** Decodes a file, or a part of one, until there is as much as is wanted. */
async function decodePart(audio: OpenedAudio, output: Output, counts: { good: number; bad: number }): Promise<void> {
  const timeline = new Timeline(audio);
  const lost = lostFrames(audio.format, audio.bytes);
  const joins = audio.format === 'mp3' ? new Joins() : undefined;
  /** Of the last frame. */
  let samples = 0;
  const frame = new Frame();
  frame.alloc();
  for await (const packet of packets(audio, (other) => timeline.passed(other))) {
    if (packet?.data && joins?.has(packet.data)) {
      const { num, den } = audio.stream.timeBase;
      timeline.without((Number(packet.duration) * num) / den);
      continue;
    }
    const sent = audio.decoder.sendPacketSync(packet);
    if (packet !== null) sent < 0 ? counts.bad++ : counts.good++;
    if (sent < 0) timeline.damaged();
    const missing = lost?.with(packet?.data ?? null) ?? 0;
    counts.bad += missing;
    // Skipped ones come before the packet, swallowed ones behind its own frame.
    if (audio.format === 'aac' || sent < 0) timeline.lost(missing * samples);
    while (audio.decoder.receiveFrameSync(frame) >= 0) {
      const { samples: silent, hole } = timeline.before(frame);
      await output.push(frame, silent, hole, keptOf(frame, audio));
      if (audio.format === 'mp3') timeline.lost(missing * frame.nbSamples);
      samples = frame.nbSamples;
      frame.unref();
    }
    if (output.full) return;
  }
}

/** The samples of a frame that are sound: of a fragmented MP4 not all. */
function keptOf({ pts, nbSamples, sampleRate }: Frame, { span, stream }: OpenedAudio): Kept | undefined {
  if (!span || pts === AV_NOPTS_VALUE) return undefined;
  const start = (Number(pts) * stream.timeBase.num) / stream.timeBase.den;
  const within = (time: number) => Math.min(Math.max(Math.round((time - start) * sampleRate), 0), nbSamples);
  return { from: within(span.from), to: within(span.to) };
}

/** Samples of a frame, from one to before another. */
interface Kept {
  from: number;
  to: number;
}

/** The packets of the sound track, then null, which asks the decoder for what it still holds. */
async function* packets(
  audio: OpenedAudio,
  onOther: (packet: Packet) => void = () => {},
): AsyncGenerator<Packet | null> {
  const mostMemory = process.memoryUsage.rss() + ownMemory;
  const packet = new Packet();
  packet.alloc();
  for (let count = 0; (await audio.container.readFrame(packet)) >= 0; count++) {
    if (packet.streamIndex === audio.stream.index) yield packet;
    else onOther(packet);
    packet.unref();
    if (count % 256 === 0 && process.memoryUsage.rss() > mostMemory) {
      throw new AudioError('too-large', `${audio.name} takes too much memory to read; it may be damaged`);
    }
  }
  yield null;
}

/** Adds up the packets' durations without decoding: exact where the header is a guess, and fast. */
async function checkPackets(part: Wave, maxDuration: number): Promise<void> {
  const audio = await openAudio(part);
  const { num, den } = audio.stream.timeBase;
  let duration = 0;
  for await (const packet of packets(audio)) {
    duration += (Number(packet?.duration ?? 0) * num) / den;
    if (duration > maxDuration) throw tooLong(audio.name, undefined, maxDuration);
  }
}

/** The way from a decoder's frames to the caller: channels, sample rate, limits. */
class Output {
  readonly #job: DecodeJob;
  readonly #name: string;
  readonly #emit: (piece: Piece) => Promise<void>;
  #sampleRate = 0;
  #channels = 0;
  #length = 0;
  #shape = '';
  #converter: Converter | undefined;
  #resampler: Resampler | undefined;
  /** The rate of what is resampled. */
  #givenRate = 0;
  #waiting: Piece[] = [];
  #waitingLength = 0;
  /** Seconds. */
  #lost = 0;
  /** Samples. */
  #nonFinite = 0;
  #silent = true;
  /** Whether there is sound that the downmix left out. */
  #leftOut = false;

  constructor(job: DecodeJob, name: string, emit: (piece: Piece) => Promise<void>) {
    this.#job = job;
    this.#name = name;
    this.#emit = emit;
  }

  /** Whether there is as much as is wanted. */
  get full(): boolean {
    const { seconds } = this.#job;
    return seconds !== undefined && this.#sampleRate > 0 && this.#length >= Math.round(seconds * this.#sampleRate);
  }

  /** Takes a frame, and before it so many samples of silence; `lost` where sound was to be there. */
  async push(frame: Frame, silent: number, lost: boolean, kept?: Kept): Promise<void> {
    // A file may change its format in the middle (joined MP3s, chained Ogg): the output keeps that of its beginning.
    const shape = `${frame.format} ${frame.sampleRate} ${frame.channels}`;
    if (shape !== this.#shape) {
      await this.#endSection();
      this.#startSection(frame);
      this.#shape = shape;
    }
    if (silent > 0) {
      if (lost) this.#lost += silent / frame.sampleRate;
      // In pieces, since a hole may be long.
      for (let left = silent; left > 0 && !this.full; left -= messageLength) {
        await this.#resample(silence(this.#channels, Math.min(left, messageLength)));
      }
    }
    const { piece: converted, nonFinite } = this.#converter!.convert(frame);
    this.#nonFinite += nonFinite;
    if (this.#silent) {
      this.#silent = converted.every((plane) => plane.every((sample) => sample === 0));
      if (this.#silent) this.#leftOut ||= this.#converter!.leavesOut(frame);
    }
    await this.#resample(kept ? slice(converted, kept.from, kept.to) : converted);
  }

  async #resample(piece: Piece): Promise<void> {
    const resampler = this.#resampler;
    if (!resampler) return this.#deliver(piece);
    // A frame of a file that claims a rate of 1 Hz becomes an hour of sound, of which little may be wanted.
    const step = Math.max(1, Math.floor((messageLength * this.#givenRate) / this.#sampleRate));
    for (let from = 0; from < lengthOf(piece) && !this.full; from += step) {
      await this.#deliver(resampler.push(slice(piece, from, from + step)));
    }
  }

  /** @param bad parts that could not be decoded */
  async end(bad: number): Promise<Decoded> {
    await this.#endSection();
    await this.#send();
    if (this.#length === 0) {
      throw new AudioError('empty', `${this.#name} has no sound in it (0 samples); give a file with sound in it`);
    }
    const warnings: string[] = [];
    if (this.#lost > 0) {
      const seconds = Number(this.#lost.toPrecision(2));
      warnings.push(`${this.#name} is damaged or has holes: ${seconds} s of it are silent now`);
    } else if (bad > 0) warnings.push(`${this.#name} is damaged: parts of it cannot be decoded and were left out`);
    if (this.#nonFinite > 0) {
      warnings.push(`${this.#name} has ${this.#nonFinite} samples that are NaN or infinite; they are silent now`);
    }
    if (this.#silent && this.#leftOut) {
      warnings.push(`${this.#name} has sound only in channels that a downmix leaves out (LFE), so it is silent now`);
    }
    return { sampleRate: this.#sampleRate, channels: this.#channels, warnings };
  }

  #startSection(frame: Frame): void {
    this.#sampleRate ||= this.#job.sampleRate ?? frame.sampleRate;
    this.#givenRate = frame.sampleRate;
    this.#channels ||= this.#job.channels ?? (frame.channels > mostPlanes ? 2 : frame.channels);
    this.#converter = new Converter(frame, this.#channels, this.#job.mix === 'downmix' && this.#channels <= 2);
    this.#resampler =
      frame.sampleRate === this.#sampleRate
        ? undefined
        : new Resampler(this.#channels, frame.sampleRate, this.#sampleRate);
  }

  async #endSection(): Promise<void> {
    if (this.#resampler) await this.#deliver(this.#resampler.end());
  }

  async #deliver(given: Piece): Promise<void> {
    const { seconds = Number.POSITIVE_INFINITY } = this.#job;
    const room = Math.max(Math.round(seconds * this.#sampleRate) - this.#length, 0);
    const piece = lengthOf(given) > room ? slice(given, 0, room) : given;
    const length = lengthOf(piece);
    if (length === 0) return;
    this.#length += length;
    const { maxDuration, maxMemory } = this.#job;
    if (this.#length > maxDuration * this.#sampleRate + 1) throw tooLong(this.#name, undefined, maxDuration);
    if (this.#length * this.#channels * Float32Array.BYTES_PER_ELEMENT > maxMemory) {
      const megabytes = Math.floor(maxMemory / 1e6);
      throw new AudioError('too-large', `${this.#name} decodes to more than ${megabytes} MB; give a shorter file`);
    }
    this.#waiting.push(piece);
    this.#waitingLength += length;
    if (this.#waitingLength >= messageLength) await this.#send();
  }

  async #send(): Promise<void> {
    if (this.#waitingLength > 0) await this.#emit(join(this.#waiting, this.#channels));
    this.#waiting = [];
    this.#waitingLength = 0;
  }
}

function tooLong(name: string, seconds: number | undefined, limit: number): AudioError {
  const lasts = seconds === undefined ? `more than ${inWords(limit)}` : inWords(seconds);
  return new AudioError('too-long', `${name} lasts ${lasts}; at most ${inWords(limit)} are taken; cut it first`);
}

/** Rounded up, so that what is too long never reads as long as the limit. */
function inWords(seconds: number): string {
  if (seconds < 120) return `${Math.ceil(seconds * 10) / 10} s`;
  const whole = Math.ceil(seconds);
  const parts = [
    [Math.floor(whole / 3600), 'h'],
    [Math.floor(whole / 60) % 60, 'min'],
    [whole % 60, 's'],
  ] as const;
  return parts.flatMap(([count, unit]) => (count > 0 ? [`${count} ${unit}`] : [])).join(' ');
}
