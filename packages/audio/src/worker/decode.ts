import { Frame, Packet } from 'node-av/lib';
import { AudioError } from '../errors.ts';
import type { DecodeJob } from '../jobs.ts';
import { join, lengthOf, type Piece } from '../piece.ts';
import { Converter } from './convert.ts';
import { type OpenedAudio, openAudio } from './open.ts';
import { Resampler } from './resample.ts';

// Samples per message to the caller: frames are small, and each message costs.
const messageLength = 65536;

// Bytes that this process may take while it decodes. The sound goes to the caller at once, so it needs little.
const ownMemory = 2 ** 30;

/** What a decoded file turned out to be. */
export interface Decoded {
  sampleRate: number;
  channels: number;
}

/** Decodes a file and hands it over piece by piece, so that this process never holds it as a whole. */
export async function decode(job: DecodeJob, emit: (piece: Piece) => Promise<void>): Promise<Decoded> {
  const audio = await openAudio(job.source, job.maxBytes);
  if (audio.duration !== undefined && audio.duration > job.maxDuration) {
    if (!audio.guessed) throw tooLong(audio.name, audio.duration, job.maxDuration);
    await checkPackets(job);
  }
  const output = new Output(job, audio.name, emit);
  let good = 0;
  let bad = 0;
  const frame = new Frame();
  frame.alloc();
  for await (const packet of packets(audio)) {
    const sent = audio.decoder.sendPacketSync(packet);
    if (packet !== null) sent < 0 ? bad++ : good++;
    while (audio.decoder.receiveFrameSync(frame) >= 0) {
      await output.push(frame);
      frame.unref();
    }
  }
  // Players skip what they cannot decode, and so does Retone, as long as most of the file is sound.
  if (bad > good) {
    const part = `${bad} of ${bad + good} parts cannot be decoded`;
    throw new AudioError('damaged', `${audio.name} is damaged: ${part}. Give an intact copy.`);
  }
  return output.end();
}

/** The packets of the sound track, then null, which asks the decoder for what it still holds. */
async function* packets(audio: OpenedAudio): AsyncGenerator<Packet | null> {
  const mostMemory = process.memoryUsage.rss() + ownMemory;
  const packet = new Packet();
  packet.alloc();
  for (let count = 0; (await audio.container.readFrame(packet)) >= 0; count++) {
    if (packet.streamIndex === audio.stream.index) yield packet;
    packet.unref();
    if (count % 256 === 0 && process.memoryUsage.rss() > mostMemory) {
      throw new AudioError('too-large', `${audio.name} takes too much memory to read. It may be damaged.`);
    }
  }
  yield null;
}

/** Adds up the packets' durations without decoding: exact where the header is a guess, and fast. */
async function checkPackets(job: DecodeJob): Promise<void> {
  const audio = await openAudio(job.source, job.maxBytes);
  const { num, den } = audio.stream.timeBase;
  let duration = 0;
  for await (const packet of packets(audio)) {
    duration += (Number(packet?.duration ?? 0) * num) / den;
    if (duration > job.maxDuration) throw tooLong(audio.name, undefined, job.maxDuration);
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
  #waiting: Piece[] = [];
  #waitingLength = 0;

  constructor(job: DecodeJob, name: string, emit: (piece: Piece) => Promise<void>) {
    this.#job = job;
    this.#name = name;
    this.#emit = emit;
  }

  async push(frame: Frame): Promise<void> {
    // A file may change its format in the middle (joined MP3s, chained Ogg): the output keeps that of its beginning.
    const shape = `${frame.format} ${frame.sampleRate} ${frame.channels}`;
    if (shape !== this.#shape) {
      await this.#endSection();
      this.#startSection(frame);
      this.#shape = shape;
    }
    const piece = this.#converter?.convert(frame) ?? [];
    await this.#deliver(this.#resampler?.push(piece) ?? piece);
  }

  async end(): Promise<Decoded> {
    await this.#endSection();
    await this.#send();
    if (this.#length === 0) {
      throw new AudioError('empty', `${this.#name} has no sound in it (0 samples). Give a file with sound in it.`);
    }
    return { sampleRate: this.#sampleRate, channels: this.#channels };
  }

  #startSection(frame: Frame): void {
    this.#sampleRate ||= this.#job.sampleRate ?? frame.sampleRate;
    this.#channels ||= this.#job.channels ?? frame.channels;
    this.#converter = new Converter(frame, this.#channels, this.#job.mix === 'downmix' && this.#channels <= 2);
    this.#resampler =
      frame.sampleRate === this.#sampleRate
        ? undefined
        : new Resampler(this.#channels, frame.sampleRate, this.#sampleRate);
  }

  async #endSection(): Promise<void> {
    if (this.#resampler) await this.#deliver(this.#resampler.end());
  }

  async #deliver(piece: Piece): Promise<void> {
    const length = lengthOf(piece);
    if (length === 0) return;
    this.#length += length;
    const { maxDuration, maxMemory } = this.#job;
    if (this.#length > maxDuration * this.#sampleRate + 1) throw tooLong(this.#name, undefined, maxDuration);
    if (this.#length * this.#channels * Float32Array.BYTES_PER_ELEMENT > maxMemory) {
      const megabytes = Math.floor(maxMemory / 1e6);
      throw new AudioError('too-large', `${this.#name} decodes to more than ${megabytes} MB. Give a shorter file.`);
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
  return new AudioError('too-long', `${name} lasts ${lasts}; at most ${inWords(limit)} are taken. Cut it first.`);
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
