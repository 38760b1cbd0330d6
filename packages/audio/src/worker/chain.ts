import { type ByteSource, partOf } from './source.ts';

/** Length of an Ogg page's header without its table of segments. */
const headerLength = 27;
const [continued, first] = [0x01, 0x02];

/**
 * The parts of a chained Ogg file, each a whole Ogg file: FFmpeg keeps the settings of the first. Other files are one
 * part, and so is what comes behind damage.
 */
export function chained(bytes: ByteSource): ByteSource[] {
  const starts: number[] = [];
  let beginning = false;
  for (let at = 0; at + headerLength <= bytes.size; ) {
    const page = bytes.read(at, headerLength + 255);
    if (page.toString('latin1', 0, 4) !== 'OggS') break;
    const flags = page[5]!;
    // Streams that begin together belong to one part.
    if (flags & first && !(flags & continued) && !beginning) starts.push(at);
    beginning = (flags & first) !== 0;
    const segments = page[26]!;
    const table = page.subarray(headerLength, headerLength + segments);
    at += headerLength + segments + table.reduce((sum, length) => sum + length, 0);
  }
  if (starts.length < 2) return [bytes];
  return starts.map((start, i) => partOf(bytes, start, starts[i + 1] ?? bytes.size));
}
