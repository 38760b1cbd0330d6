import type { OpenedAudio } from './open.ts';
import type { ByteSource } from './source.ts';

// MP3 and AAC in ADTS have no timestamps: FFmpeg counts frames. Where the header of one is damaged its demuxer passes over it
// (AAC), or its parser leaves its bytes to the packet before (MP3), and what follows would come early.

/** Counts the frames of a stream that no packet brings, from the bytes that they have. */
export interface LostFrames {
  /** Frames that are lost besides the next packet's own one. To be asked once for each packet, in order. */
  with(packet: Buffer | null): number;
}

export function lostFrames(format: OpenedAudio['format'], bytes: ByteSource): LostFrames | undefined {
  if (format === 'mp3') return new SwallowedFrames();
  return format === 'aac' ? new SkippedFrames(bytes) : undefined;
}

/** Frames whose bytes are in the packet of the one before. */
class SwallowedFrames implements LostFrames {
  #bytes = 0;
  #frames = 0;

  with(packet: Buffer | null): number {
    const size = packet?.length ?? 0;
    const mean = this.#bytes / this.#frames;
    // Frames of variable bit rate differ by more than twice; their first ones show nothing yet.
    const frames = this.#frames > 3 && size > 1.8 * mean ? Math.round(size / mean) : 1;
    if (frames === 1) {
      this.#bytes += size;
      this.#frames++;
    }
    const whole = isMp3(packet) && declared(packet!) * 1.5 > size;
    return whole || (frames > 1 && isTagged(packet!)) ? 0 : frames - 1;
  }
}

/** Whether bytes have a tag in them, as between files that were joined, or the frame with an MP3 file's length. */
function isTagged(bytes: Buffer): boolean {
  return ['ID3', 'TAG', 'APETAGEX', 'Xing'].some((tag) => bytes.includes(tag, 0, 'latin1'));
}

/**
 * What lies between MP3 files that were joined, and holds no sound: tags, whose pictures FFmpeg takes for frames, and the
 * frame that describes those that follow. Players skip both at the beginning of a file; FFmpeg makes silence and damage of them.
 */
export class Joins {
  /** Bytes of a tag that are still to come. */
  #tag = 0;

  /** Whether a packet holds no sound. To be asked once for each packet, in order. */
  has(packet: Buffer): boolean {
    if (this.#tag > 0) {
      this.#tag -= packet.length;
      return true;
    }
    const start = tagLength(packet);
    this.#tag = Math.max(start - packet.length, 0);
    return this.#tag > 0 || isDescription(packet.subarray(start));
  }
}

/** Bytes of the tags with which a packet begins: ID3v1 of the file before, ID3v2 of the one behind. */
function tagLength(packet: Buffer): number {
  const start = packet.toString('latin1', 0, 3) === 'TAG' ? 128 : 0;
  const head = packet.subarray(start, start + 10);
  const sizes = head.subarray(6);
  const isTag = head.length === 10 && head.toString('latin1', 0, 3) === 'ID3' && head[3]! <= 4;
  if (!isTag || sizes.some((byte) => byte > 127)) return 0;
  // Seven bits of each byte count.
  return start + 10 + sizes.reduce((sum, byte) => sum * 128 + byte, 0);
}

/** Whether a frame has the frames behind it described where its sound would be. */
function isDescription(frame: Buffer): boolean {
  // Behind the header and the side information of stereo and mono frames, in MPEG 1 and 2.
  return isMp3(frame) && [36, 21, 13].some((at) => ['Xing', 'Info'].includes(frame.toString('latin1', at, at + 4)));
}

/** Kilobits per second of layer III, by index, for MPEG 1 and for MPEG 2 and 2.5 (ISO 11172-3, 13818-3). */
const bitRates = [
  [32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
  [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
] as const;
const sampleRates = [44100, 48000, 32000];

function isMp3(frame: Buffer | null): boolean {
  return frame !== null && frame.length > 3 && frame[0] === 0xff && (frame[1]! & 0xe6) === 0xe2;
}

/** Bytes that a frame has by its header; 0 where the header is not one. */
function declared(frame: Buffer): number {
  const version = (frame[1]! >> 3) & 3;
  const rate = sampleRates[(frame[2]! >> 2) & 3];
  const kilobits = bitRates[version === 3 ? 0 : 1]![(frame[2]! >> 4) - 1];
  if (version === 1 || rate === undefined || kilobits === undefined) return 0;
  // Versions 2 and 2.5 have half and a quarter of the sample rate, and half the samples in a frame.
  const part = version === 3 ? 1 : version === 2 ? 2 : 4;
  return Math.floor(((version === 3 ? 144 : 72) * kilobits * 1000 * part) / rate);
}

/** Frames that lie in bytes between two of the chain of ADTS headers (ISO 13818-7). */
class SkippedFrames implements LostFrames {
  readonly #bytes: ByteSource;
  #at: number | undefined;
  #frames = 0;
  #framed = 0;

  constructor(bytes: ByteSource) {
    this.#bytes = bytes;
  }

  with(packet: Buffer | null): number {
    if (packet === null) return 0;
    // The bytes before the first header are a tag.
    const from = this.#at ?? this.#next(0);
    const first = this.#length(from);
    const start = first > 0 ? from : this.#next(from);
    const isSound = this.#frames > 0 && start > from && !isTagged(this.#bytes.read(from, 512));
    const skipped = isSound ? Math.round((start - from) / (this.#framed / this.#frames)) : 0;
    const length = start === from ? first : this.#length(start);
    this.#frames++;
    this.#framed += length;
    this.#at = start + length;
    return skipped;
  }

  /** Where the next frame begins that another one follows, or the end. */
  #next(from: number): number {
    const end = this.#bytes.size;
    for (let at = from; at < end; at += blockLength) {
      const block = this.#bytes.read(at, blockLength + 1);
      for (let i = block.indexOf(0xff); i >= 0 && i < blockLength; i = block.indexOf(0xff, i + 1)) {
        const length = this.#length(at + i);
        if (length > 0 && (at + i + length >= end || this.#length(at + i + length) > 0)) return at + i;
      }
    }
    return end;
  }

  /** Bytes of the frame at a place; 0 where there is none. */
  #length(at: number): number {
    const head = this.#bytes.read(at, 7);
    if (head.length < 7 || head[0] !== 0xff || (head[1]! & 0xf6) !== 0xf0) return 0;
    const length = ((head[3]! & 3) << 11) | (head[4]! << 3) | (head[5]! >> 5);
    return length < 7 ? 0 : length;
  }
}

const blockLength = 65536;
