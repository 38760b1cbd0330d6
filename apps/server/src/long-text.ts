import { createHash, type Hash } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { ApiError } from './envelope.ts';

/** Characters that are decoded in one turn of the event loop: about a millisecond of work. */
const pieceBytes = 256 * 1024;
/** Longest JSON escape: a backslash, `u` and four digits. */
const longestEscape = 6;

/**
 * A text of a JSON body that is too long to become a string: a recording in base64. It stays as the bytes that arrived, and
 * is decoded in pieces, between which other requests have their turn.
 */
export class LongText {
  readonly #bytes: Buffer;

  /** @param bytes what stands between the quotes, with its escapes */
  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** The first characters, for messages and to see what kind of text it is. */
  get start(): string {
    return this.#bytes.toString('latin1', 0, 120);
  }

  /**
   * The text piece by piece.
   *
   * @throws ApiError `bad_text` where it is not JSON in UTF-8
   */
  async *pieces(): AsyncGenerator<string, void> {
    const utf8 = new TextDecoder('utf-8', { fatal: true });
    for (let at = 0; at < this.#bytes.length; ) {
      const end = this.#wholeEscapes(at, Math.min(at + pieceBytes, this.#bytes.length));
      let piece: string;
      try {
        const text = utf8.decode(this.#bytes.subarray(at, end), { stream: end < this.#bytes.length });
        piece = text.includes('\\') ? JSON.parse(`"${text}"`) : text;
      } catch {
        throw new ApiError('bad_text', 'a text in the body must be JSON in UTF-8');
      }
      yield piece;
      at = end;
      await nextTurn();
    }
  }

  /** Adds the text to a hash. */
  async addTo(hash: Hash): Promise<void> {
    for (let at = 0; at < this.#bytes.length; at += pieceBytes) {
      hash.update(this.#bytes.subarray(at, at + pieceBytes));
      await nextTurn();
    }
  }

  equals(other: unknown): boolean {
    return other instanceof LongText && this.#bytes.equals(other.#bytes);
  }

  /** For messages: enough to recognise it by. */
  toJSON(): string {
    return `${this.start.slice(0, 40)}...`;
  }

  /** Where a piece that begins at `at` may end so that no escape is cut in two; `end` if nothing speaks against it. */
  #wholeEscapes(at: number, end: number): number {
    if (end === this.#bytes.length) return end;
    const last = this.#bytes.lastIndexOf(0x5c, end - 1);
    if (last < Math.max(at, end - longestEscape)) return end;
    let first = last;
    while (first > at && this.#bytes[first - 1] === 0x5c) first--;
    // A run of backslashes is pairs, each a whole escape; an odd one begins an escape that may be cut.
    return (last - first) % 2 === 1 ? end : last;
  }
}

/** A hash of anything that is JSON, in which a LongText counts with all of its text. */
export async function hashOf(value: Record<string, unknown>): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify(value));
  for (const each of Object.values(value)) if (each instanceof LongText) await each.addTo(hash);
  return hash.digest('hex');
}
