/** A piece of content. All have the same size but the last, which may be smaller, and is empty if all content is. */
export interface Part {
  bytes: Uint8Array;
  last: boolean;
}

/** Cuts content into parts of `size` bytes, one in memory at a time. */
export async function* inParts(content: AsyncIterable<Uint8Array>, size: number): AsyncGenerator<Part, void> {
  let part = Buffer.allocUnsafe(size);
  let filled = 0;
  for await (const chunk of content) {
    for (let taken = 0; taken < chunk.length; ) {
      // A part that is just full waits for more to come: it may be the last.
      if (filled === size) {
        yield { bytes: part, last: false };
        part = Buffer.allocUnsafe(size);
        filled = 0;
      }
      const piece = chunk.subarray(taken, taken + size - filled);
      part.set(piece, filled);
      filled += piece.length;
      taken += piece.length;
    }
  }
  yield { bytes: part.subarray(0, filled), last: true };
}
