import { GuardError } from './errors.ts';
import { shorten } from './shorten.ts';

const percent = 0x25;
/** Characters of base64 without a URI around it. A word or a path is base64 by its letters; no sound is this short. */
const shortestBase64 = 60;
/** Characters of a data URI before its comma. */
const longestHead = 1000;

/**
 * The bytes of a file that a client sent as text: a data URI (RFC 2397) or base64. In base64, white space and missing padding
 * are fine, anything else outside the standard alphabet is not. Text and bytes are gone through piece by piece.
 *
 * @throws GuardError `bad-source` or `too-large`
 */
export async function* inlineBytes(
  text: AsyncIterable<string> | Iterable<string>,
  maxBytes: number,
): AsyncGenerator<Uint8Array, void> {
  const pieces = iterate(text);
  let start = '';
  let ended = false;
  while (!ended && start.length < longestHead) {
    const next = await pieces.next();
    ended = next.done === true;
    start += next.value ?? '';
  }
  const bad = badSource(start);
  async function* from(first: string) {
    yield first;
    if (!ended) yield* pieces;
  }
  const scheme = /^\s*([a-z][a-z0-9+.-]*):/i.exec(start.slice(0, 100))?.[1]?.toLowerCase();
  if (scheme === undefined && (!ended || start.trim().length >= shortestBase64)) {
    return yield* fromBase64(from(start), maxBytes, bad);
  }
  const comma = start.indexOf(',');
  if (scheme !== 'data' || comma < 0) throw bad;
  const isBase64 = /; *base64 *$/i.test(start.slice(Math.max(0, comma - 20), comma));
  // An escape is three characters.
  const data = percentDecoded(limited(from(start.slice(comma + 1)), 3 * encodedLength(maxBytes), maxBytes), bad);
  if (isBase64) return yield* fromBase64(latin1(data), maxBytes, bad);
  let size = 0;
  for await (const bytes of data) {
    size += bytes.length;
    if (size > maxBytes) throw tooLarge(maxBytes);
    yield bytes;
  }
}

async function* iterate(text: AsyncIterable<string> | Iterable<string>): AsyncGenerator<string, void> {
  yield* text;
}

async function* latin1(bytes: AsyncIterable<Buffer>): AsyncGenerator<string, void> {
  for await (const each of bytes) yield each.toString('latin1');
}

async function* limited(text: AsyncIterable<string>, most: number, maxBytes: number): AsyncGenerator<string, void> {
  let length = 0;
  for await (const piece of text) {
    length += piece.length;
    if (length > most) throw tooLarge(maxBytes);
    yield piece;
  }
}

async function* fromBase64(
  text: AsyncIterable<string>,
  maxBytes: number,
  bad: GuardError,
): AsyncGenerator<Uint8Array, void> {
  let rest = '';
  let padding = '';
  let size = 0;
  // Room for line breaks, not for a flood of them.
  for await (const piece of limited(text, 2 * encodedLength(maxBytes), maxBytes)) {
    const [, digits, pad] = /^([^=]*)(=*)$/.exec(piece.replace(/[ \t\n\f\r]+/g, '')) ?? [];
    // Looks for one wrong character: an expression for all of the right ones would run out of memory on long texts.
    if (digits === undefined || /[^A-Za-z0-9+/]/.test(digits) || (padding && digits)) throw bad;
    padding += pad;
    rest += digits;
    if (padding.length > 2) throw bad;
    const whole = rest.length - (rest.length % 4);
    size += (whole / 4) * 3;
    if (size > maxBytes) throw tooLarge(maxBytes);
    if (whole > 0) yield Buffer.from(rest.slice(0, whole), 'base64');
    rest = rest.slice(whole);
  }
  if (padding ? (rest.length + padding.length) % 4 !== 0 || rest === '' : rest.length === 1) throw bad;
  if (rest === '') return;
  const last = Buffer.from(rest, 'base64');
  if (size + last.length > maxBytes) throw tooLarge(maxBytes);
  yield last;
}

/** Decodes percent-encoding; other characters stand for themselves, in UTF-8. */
async function* percentDecoded(text: AsyncIterable<string>, bad: GuardError): AsyncGenerator<Buffer, void> {
  let rest = '';
  for await (const piece of text) {
    const all = rest + piece;
    // An escape that is cut waits for its end, and so does half a character.
    const cut = /%.?$|[\ud800-\udbff]$/.exec(all.slice(-2))?.[0].length ?? 0;
    rest = all.slice(all.length - cut);
    yield unescaped(all.slice(0, all.length - cut), bad);
  }
  yield unescaped(rest, bad);
}

function unescaped(text: string, bad: GuardError): Buffer {
  const bytes = Buffer.from(text);
  if (!text.includes('%')) return bytes;
  let length = 0;
  for (let at = 0; at < bytes.length; at++) {
    let byte = bytes[at]!;
    if (byte === percent) {
      const digits = bytes.toString('latin1', at + 1, at + 3);
      if (!/^[0-9a-f]{2}$/i.test(digits)) throw bad;
      byte = Number.parseInt(digits, 16);
      at += 2;
    }
    bytes[length++] = byte;
  }
  return bytes.subarray(0, length);
}

/** Characters of base64 for so many bytes, with padding. */
function encodedLength(bytes: number): number {
  return Math.ceil(bytes / 3) * 4;
}

function badSource(value: string): GuardError {
  const text = `${shorten(value)} is not a file: give an http or https URL, a data URI or base64`;
  return new GuardError('bad-source', text);
}

function tooLarge(maxBytes: number): GuardError {
  return new GuardError('too-large', `the file is larger than the ${maxBytes} bytes that are accepted`);
}
