import { GuardError } from './errors.ts';
import { type GuardOptions, guardedFetch } from './guarded-fetch.ts';
import { shorten } from './shorten.ts';

const percent = 0x25;
/** Characters of base64 without a URI around it. A word or a path is base64 by its letters; no sound is this short. */
const shortestBase64 = 60;

/**
 * The bytes of a file that a client gave as a parameter: an http or https URL, a data URI (RFC 2397), or base64. In
 * base64, white space and missing padding are fine, anything else outside the standard alphabet is not.
 * @throws GuardError any code; `too-large` before anything is decoded
 */
export async function sourceBytes(value: string, options: GuardOptions): Promise<Uint8Array> {
  const scheme = /^\s*([a-z][a-z0-9+.-]*):/i.exec(value.slice(0, 100))?.[1]?.toLowerCase();
  if (scheme === 'http' || scheme === 'https') return fetched(value, options);
  if (scheme === 'data') return fromDataUri(value, options.maxBytes);
  if (scheme !== undefined || value.trim().length < shortestBase64) throw badSource(value);
  return fromBase64(value, value, options.maxBytes);
}

async function fetched(url: string, options: GuardOptions): Promise<Uint8Array> {
  const response = await guardedFetch(url, options);
  if (response.status < 200 || response.status > 299) {
    response.close();
    const { host } = new URL(response.url);
    throw new GuardError('http-status', `"${host}" answered ${response.status} instead of the file.`);
  }
  const chunks: Uint8Array[] = [];
  for await (const chunk of response.body) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function fromDataUri(value: string, maxBytes: number): Uint8Array {
  const comma = value.indexOf(',');
  if (comma < 0) throw badSource(value);
  const isBase64 = /; *base64 *$/i.test(value.slice(Math.max(0, comma - 20), comma));
  const data = value.slice(comma + 1);
  // An escape is three characters.
  if (data.length > 3 * encodedLength(maxBytes)) throw tooLarge(maxBytes);
  const bytes = percentDecoded(data, value);
  if (isBase64) return fromBase64(bytes.toString('latin1'), value, maxBytes);
  if (bytes.length > maxBytes) throw tooLarge(maxBytes);
  return bytes;
}

/** Decodes base64. `value` is what it was given in, for the message. */
function fromBase64(text: string, value: string, maxBytes: number): Uint8Array {
  // Room for line breaks, not for a flood of them.
  if (text.length > 2 * encodedLength(maxBytes)) throw tooLarge(maxBytes);
  const padded = /\s/.test(text) ? text.replace(/[ \t\n\f\r]+/g, '') : text;
  const digits = padded.replace(/={1,2}$/, '');
  const isWhole = padded.length === digits.length ? digits.length % 4 !== 1 : padded.length % 4 === 0;
  // Looks for one wrong character: an expression for all of the right ones would be run out of memory by long texts.
  if (!isWhole || /[^A-Za-z0-9+/]/.test(digits)) throw badSource(value);
  if (Math.floor((digits.length * 3) / 4) > maxBytes) throw tooLarge(maxBytes);
  return Buffer.from(digits, 'base64');
}

/** Decodes percent-encoding; other characters stand for themselves, in UTF-8. */
function percentDecoded(text: string, value: string): Buffer {
  const bytes = Buffer.from(text);
  if (!text.includes('%')) return bytes;
  let length = 0;
  for (let at = 0; at < bytes.length; at++) {
    let byte = bytes[at]!;
    if (byte === percent) {
      const digits = bytes.toString('latin1', at + 1, at + 3);
      if (!/^[0-9a-f]{2}$/i.test(digits)) throw badSource(value);
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
  return new GuardError(
    'bad-source',
    `${shorten(value)} is not a file: give an http or https URL, a data URI or base64.`,
  );
}

function tooLarge(maxBytes: number): GuardError {
  return new GuardError('too-large', `The file is larger than the ${maxBytes} bytes that are accepted.`);
}
