import type { ByteSource } from './source.ts';

// FFmpeg reads neither the padding behind the last sample of a fragmented MP4 nor, where there is no edit list, the frame that
// an encoder of AAC begins with. Both can be found in the boxes (ISO 14496-12).

/** The span of sound in a fragmented file, in seconds of its track's time. */
export interface Span {
  from: number;
  to: number;
}

/** Longest box that is read as a whole, in bytes; only those of samples are longer, which are passed over. */
const mostBytes = 2 ** 24;
const mostBoxes = 1_000_000;
const containers = ['trak', 'mdia', 'edts', 'mvex', 'traf'];
const noTime = -1;

interface Box {
  type: string;
  body: Buffer;
}

/**
 * The span of a track of a fragmented MP4 that is sound; undefined for other files.
 *
 * @param primed seconds that its encoder puts before the sound, which count where no edit list says so
 */
export function fragmentedSpan(bytes: ByteSource, track: number, primed: number): Span | undefined {
  if (bytes.read(4, 4).toString('latin1') !== 'ftyp') return undefined;
  let timescale = 0;
  let edit = noTime;
  let first: number | undefined;
  let beginning = false;
  let [end, fragments, defaultDuration] = [0, 0, 0];
  for (const { type, body } of topBoxes(bytes)) {
    if (type === 'moov') {
      const own = [...boxesIn(body)].find(({ type, body }) => type === 'trak' && idOf(body) === track);
      if (!own) return undefined;
      const inner = new Map([...deepBoxes(own.body)].map((box) => [box.type, box.body]));
      const times = inner.get('mdhd');
      if (!times) return undefined;
      const long = times[0] === 1;
      timescale = times.readUInt32BE(long ? 20 : 12);
      end = long ? Number(times.readBigUInt64BE(24)) : times.readUInt32BE(16);
      // The samples that lie in the header begin at 0.
      if (end > 0) [first, beginning] = [0, true];
      edit = mediaTime(inner.get('elst'));
      defaultDuration = durationIn(body, track);
    } else {
      const sequence = [...boxesIn(body)].find(({ type }) => type === 'mfhd')?.body;
      if (first === undefined) beginning = sequence?.readUInt32BE(4) === 1;
      for (const { type, body: fragment } of boxesIn(body)) {
        if (type !== 'traf') continue;
        const parts = [...boxesIn(fragment)];
        const header = parts.find((part) => part.type === 'tfhd')?.body;
        if (header?.readUInt32BE(4) !== track) continue;
        fragments++;
        const time = parts.find((part) => part.type === 'tfdt')?.body;
        if (time) end = time[0] === 1 ? Number(time.readBigUInt64BE(4)) : time.readUInt32BE(4);
        first ??= end;
        for (const run of parts) if (run.type === 'trun') end += runDuration(run.body, header, defaultDuration);
      }
    }
  }
  if (fragments === 0 || timescale === 0) return undefined;
  const to = (end - Math.max(edit, 0)) / timescale;
  // A recording that was joined in the middle has no beginning of its encoder's.
  if (edit !== noTime || !beginning) return { from: 0, to };
  return { from: (first ?? 0) / timescale + primed, to };
}

/** The boxes `moov` and `moof` of a file, one after the other. */
function* topBoxes(bytes: ByteSource): Generator<Box> {
  for (let at = 0, count = 0; at + 8 <= bytes.size && count < mostBoxes; count++) {
    const head = bytes.read(at, 16);
    const type = head.toString('latin1', 4, 8);
    const short = head.readUInt32BE(0);
    const long = short === 1 && head.length === 16;
    const size = long ? Number(head.readBigUInt64BE(8)) : short === 0 ? bytes.size - at : short;
    const start = long ? 16 : 8;
    if (size < start || (type !== 'mdat' && at + size > bytes.size)) return;
    if ((type === 'moov' || type === 'moof') && size < mostBytes)
      yield { type, body: bytes.read(at + start, size - start) };
    at += size;
  }
}

function* boxesIn(body: Buffer): Generator<Box> {
  for (let at = 0; at + 8 <= body.length; ) {
    const size = body.readUInt32BE(at);
    if (size < 8 || at + size > body.length) return;
    yield { type: body.toString('latin1', at + 4, at + 8), body: body.subarray(at + 8, at + size) };
    at += size;
  }
}

function* deepBoxes(body: Buffer): Generator<Box> {
  for (const box of boxesIn(body)) {
    yield box;
    if (containers.includes(box.type)) yield* deepBoxes(box.body);
  }
}

function idOf(trak: Buffer): number | undefined {
  const header = [...boxesIn(trak)].find(({ type }) => type === 'tkhd')?.body;
  return header?.readUInt32BE(header[0] === 1 ? 20 : 12);
}

/** Where the first edit that shows something begins; -1 where there is none. */
function mediaTime(edits: Buffer | undefined): number {
  if (!edits) return noTime;
  const long = edits[0] === 1;
  const entry = long ? 20 : 12;
  for (let i = 0, at = 8; i < edits.readUInt32BE(4) && at + entry <= edits.length; i++, at += entry) {
    const time = long ? Number(edits.readBigInt64BE(at + 8)) : edits.readInt32BE(at + 4);
    if (time >= 0) return time;
  }
  return noTime;
}

/** The duration of samples that do not have their own, from the box `trex` of a track. */
function durationIn(moov: Buffer, track: number): number {
  const own = [...deepBoxes(moov)].find(({ type, body }) => type === 'trex' && body.readUInt32BE(4) === track);
  return own?.body.readUInt32BE(12) ?? 0;
}

/** The durations of a run of samples (`trun`), together. */
function runDuration(run: Buffer, header: Buffer, fallback: number): number {
  const flags = run.readUIntBE(1, 3);
  const count = run.readUInt32BE(4);
  const flagged = (bits: number[]) => bits.filter((bit) => flags & bit).length;
  if (!(flags & 0x100)) return count * (ownDuration(header) ?? fallback);
  const size = 4 * flagged([0x100, 0x200, 0x400, 0x800]);
  let sum = 0;
  for (let i = 0, at = 8 + 4 * flagged([0x1, 0x4]); i < count && at + size <= run.length; i++, at += size)
    sum += run.readUInt32BE(at);
  return sum;
}

/** The duration that a fragment (`tfhd`) gives to samples without one. */
function ownDuration(header: Buffer): number | undefined {
  const flags = header.readUIntBE(1, 3);
  if (!(flags & 0x8)) return undefined;
  return header.readUInt32BE(8 + (flags & 0x1 ? 8 : 0) + (flags & 0x2 ? 4 : 0));
}
