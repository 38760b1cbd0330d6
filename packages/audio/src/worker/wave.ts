import { AudioError } from '../errors.ts';
import { type ByteSource, joinedSource, partOf } from './source.ts';

// FFmpeg reads the wave files of most programs. These it does not read, or reads wrongly: big-endian ones (RIFX), samples of
// fewer valid bits than they have room for, chunks of odd length without padding, and an ID3 tag in front.

/** A wave file as FFmpeg reads it. */
export interface Wave {
  bytes: ByteSource;
  /** Its samples have their highest byte first, whatever the header says. */
  bigEndian: boolean;
}

const [pcm, float, extensible] = [1, 3, 0xfffe];
const knownChunks = [
  'fmt ',
  'data',
  'LIST',
  'fact',
  'bext',
  'cue ',
  'id3 ',
  'ID3 ',
  'JUNK',
  'junk',
  'PEAK',
  'smpl',
  'inst',
  'iXML',
];

interface Layout {
  format: { tag: number; channels: number; rate: number; blockAlign: number; bits: number; validBits: number };
  data: { start: number; length: number };
  unpadded: boolean;
}

/** The file in a form that FFmpeg reads rightly; the same where it does so already, or if it is not a wave file. */
export function readableWave(bytes: ByteSource): Wave {
  const start = afterTag(bytes);
  const kind = text(bytes, start, 4);
  // FFmpeg reads a tag in front of compressed sound, and not in front of this.
  if (start > 0 && kind === 'FORM') return { bytes: partOf(bytes, start, bytes.size), bigEndian: false };
  if ((kind !== 'RIFF' && kind !== 'RIFX') || text(bytes, start + 8, 4) !== 'WAVE') return { bytes, bigEndian: false };
  const bigEndian = kind === 'RIFX';
  const layout = layoutOf(bytes, start, bigEndian);
  if (!layout) return { bytes, bigEndian: false };
  const { format, data, unpadded } = layout;
  const plain = format.tag === pcm || format.tag === float;
  if (bigEndian && !plain) {
    throw new AudioError(
      'unsupported',
      `${bytes.name} is a big-endian wave file of compressed sound; convert it to wav`,
    );
  }
  const narrow = format.tag === pcm && format.validBits !== 8 * sampleBytes(format);
  if (!plain || !(bigEndian || narrow || unpadded)) {
    return { bytes: start === 0 ? bytes : partOf(bytes, start, bytes.size), bigEndian: false };
  }
  const sound = partOf(bytes, data.start, data.start + data.length);
  return { bytes: joinedSource(bytes.name, header(format, data.length), sound), bigEndian };
}

const sampleBytes = ({ blockAlign, channels }: Layout['format']) => Math.max(1, Math.floor(blockAlign / channels));

function text(bytes: ByteSource, at: number, length: number): string {
  return bytes.read(at, length).toString('latin1');
}

/** Where the file begins behind an ID3v2 tag. */
function afterTag(bytes: ByteSource): number {
  const tag = bytes.read(0, 10);
  if (tag.length < 10 || tag.toString('latin1', 0, 3) !== 'ID3') return 0;
  const size = tag.subarray(6).reduce((sum, byte) => sum * 128 + (byte & 0x7f), 0);
  return 10 + size + (tag[5]! & 0x10 ? 10 : 0);
}

function layoutOf(bytes: ByteSource, start: number, bigEndian: boolean): Layout | undefined {
  const number = (buffer: Buffer, at: number, size: 2 | 4) =>
    bigEndian ? buffer.readUIntBE(at, size) : buffer.readUIntLE(at, size);
  let format: Layout['format'] | undefined;
  let unpadded = false;
  for (let at = start + 12; at + 8 <= bytes.size; ) {
    const head = bytes.read(at, 8);
    const name = head.toString('latin1', 0, 4);
    const size = number(head, 4, 4);
    if (name === 'data') {
      const left = bytes.size - at - 8;
      const length = size === 0 ? left : Math.min(size, left);
      return format && { format, data: { start: at + 8, length }, unpadded };
    }
    if (name === 'fmt ' && size >= 16) {
      const body = bytes.read(at + 8, Math.min(size, 40));
      if (body.length < 16) return undefined;
      const [tag, channels, blockAlign, bits] = [0, 2, 12, 14].map((place) => number(body, place, 2)) as [
        number,
        number,
        number,
        number,
      ];
      const extended = tag === extensible && body.length >= 26;
      const valid = extended ? number(body, 18, 2) : bits;
      format = {
        tag: extended ? number(body, 24, 2) : tag,
        channels,
        rate: number(body, 4, 4),
        blockAlign,
        bits,
        validBits: valid || bits,
      };
      if (channels === 0 || blockAlign === 0) return undefined;
    }
    const next = at + 8 + size;
    const padded =
      size % 2 === 0 || knownChunks.includes(text(bytes, next + 1, 4)) || !knownChunks.includes(text(bytes, next, 4));
    unpadded ||= !padded;
    at = next + (size % 2 === 1 && padded ? 1 : 0);
  }
  return undefined;
}

/** The header of a plain wave file whose samples fill their bytes. */
function header(format: Layout['format'], length: number): Buffer {
  const { tag, channels, rate } = format;
  const size = sampleBytes(format);
  const bytes = Buffer.alloc(44);
  bytes.write('RIFF____WAVEfmt ', 'latin1');
  bytes.writeUInt32LE(Math.min(36 + length, 0xffffffff), 4);
  bytes.writeUInt32LE(16, 16);
  bytes.writeUInt16LE(tag, 20);
  bytes.writeUInt16LE(channels, 22);
  bytes.writeUInt32LE(rate, 24);
  bytes.writeUInt32LE(rate * channels * size, 28);
  bytes.writeUInt16LE(channels * size, 32);
  bytes.writeUInt16LE(8 * size, 34);
  bytes.write('data', 36, 'latin1');
  bytes.writeUInt32LE(Math.min(length, 0xffffffff), 40);
  return bytes;
}
