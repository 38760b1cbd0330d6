import { randomUUID } from 'node:crypto';
import { ApiError } from './envelope.ts';
import { LongText } from './long-text.ts';

// JSON.parse stops the event loop for as long as it takes, and takes many times the memory of its text. So a body is looked
// through first, at the speed of memory: only what is small and flat is parsed.

/** Deepest nesting of a body: no parameter is deeper than 3, and what looks into a body recursively must not be led astray. */
const deepest = 32;
/** Most values, names and escaped quotes of a body: a deletion names 1,000 tasks, and nothing has more. */
const mostParts = 20_000;
/** Most bytes outside texts. */
const mostOutside = 1024 * 1024;
/** Bytes of a text from which it becomes a LongText. */
const longTextBytes = 64 * 1024;

const quote = 0x22;
const backslash = 0x5c;

const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * Parses a body. Texts of 64 KB and more become a LongText.
 *
 * @throws ApiError `bad_text`, `too_deep`, `too_complex` or `bad_request`
 */
export function parseJson(bytes: Buffer): unknown {
  const long = longTexts(bytes);
  // The others cannot name a placeholder: nobody knows it.
  const placeholder = `long-text-${randomUUID()}-`;
  const kept: Buffer[] = [];
  let at = 0;
  for (const [index, { start, end }] of long.entries()) {
    kept.push(bytes.subarray(at, start), Buffer.from(`${placeholder}${index}`));
    at = end;
  }
  kept.push(bytes.subarray(at));
  let text: string;
  try {
    text = utf8.decode(long.length === 0 ? bytes : Buffer.concat(kept));
  } catch {
    throw new ApiError('bad_text', 'the body must be UTF-8');
  }
  let body: unknown;
  try {
    body = JSON.parse(text, refusePrototypes);
  } catch (error) {
    if (error instanceof ApiError) throw error;
    throw new ApiError('bad_request', `the body must be JSON: ${(error as Error).message}`);
  }
  return checked(body, (value) => {
    const index = value.startsWith(placeholder) ? long[Number(value.slice(placeholder.length))] : undefined;
    return index && new LongText(bytes.subarray(index.start, index.end));
  });
}

/** Where the long texts of a body are, without their quotes. Refuses a body that would take long to parse. */
function longTexts(bytes: Buffer): { start: number; end: number }[] {
  const found: { start: number; end: number }[] = [];
  let depth = 0;
  let parts = 0;
  let outside = 0;
  const count = () => {
    if (++parts > mostParts) throw new ApiError('too_complex', `the body must have at most ${mostParts} values`);
  };
  for (let at = 0; at < bytes.length; at++) {
    if (++outside > mostOutside) throw new ApiError('too_complex', 'the body has too much outside its texts');
    switch (bytes[at]) {
      case quote: {
        const end = endOfText(bytes, at + 1, count);
        if (end < 0) throw new ApiError('bad_request', 'the body must be JSON: a text does not end');
        if (end - at > longTextBytes) found.push({ start: at + 1, end });
        at = end;
        break;
      }
      case 0x5b: // [
      case 0x7b: // {
        if (++depth > deepest) throw new ApiError('too_deep', `the body must be nested at most ${deepest} deep`);
        count();
        break;
      case 0x5d: // ]
      case 0x7d: // }
        depth--;
        break;
      case 0x2c: // ,
      case 0x3a: // :
        count();
    }
  }
  return found;
}

/** The place of the quote that ends a text, or -1. */
function endOfText(bytes: Buffer, start: number, onEscapedQuote: () => void): number {
  for (let end = bytes.indexOf(quote, start); end >= 0; end = bytes.indexOf(quote, end + 1)) {
    let backslashes = 0;
    while (end - backslashes > start && bytes[end - backslashes - 1] === backslash) backslashes++;
    if (backslashes % 2 === 0) return end;
    onEscapedQuote();
  }
  return -1;
}

/** A name that would reach into the prototypes of the objects made of a body. */
function refusePrototypes(name: string, value: unknown): unknown {
  const reaches =
    name === '__proto__' ||
    (name === 'constructor' && typeof value === 'object' && value !== null && Object.hasOwn(value, 'prototype'));
  if (reaches) throw new ApiError('bad_request', `the body must not name ${name}`);
  return value;
}

/** A parsed body with its texts checked, and each exchanged for what `exchange` gives, if it gives something. */
function checked(value: unknown, exchange: (text: string) => unknown): unknown {
  if (typeof value === 'string') {
    if (value.includes('\0')) throw new ApiError('bad_text', 'a text in the body must not have a null character');
    if (!value.isWellFormed()) throw new ApiError('bad_text', 'a text in the body has half a surrogate pair');
    return exchange(value) ?? value;
  }
  if (typeof value === 'object' && value !== null) {
    const parts = value as Record<string, unknown>;
    for (const name of Object.keys(parts)) parts[name] = checked(parts[name], exchange);
  }
  return value;
}
