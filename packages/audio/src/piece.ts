/** A stretch of sound: one array for each channel, all of one length. */
export type Piece = Float32Array[];

/** Samples in each channel. */
export function lengthOf(piece: Piece): number {
  return piece[0]?.length ?? 0;
}

/** Silence. */
export function silence(channels: number, length: number): Piece {
  return Array.from({ length: channels }, () => new Float32Array(length));
}

/** One piece after the other. */
export function join(pieces: Piece[], channels: number): Piece {
  const length = pieces.reduce((sum, piece) => sum + lengthOf(piece), 0);
  const whole = silence(channels, length);
  let at = 0;
  for (const piece of pieces) {
    piece.forEach((channel, i) => {
      whole[i]?.set(channel, at);
    });
    at += lengthOf(piece);
  }
  return whole;
}

/** The samples from `from` to before `to`, in the same memory. */
export function slice(piece: Piece, from: number, to: number): Piece {
  return piece.map((channel) => channel.subarray(from, to));
}

/**
 * Makes NaN and infinities silence in place: one of them would spread through a resampler, a codec and the model. Returns how
 * many there were.
 */
export function silenceNonFinite(samples: Float32Array): number {
  let count = 0;
  for (let i = 0; i < samples.length; i++) {
    if (Number.isFinite(samples[i])) continue;
    samples[i] = 0;
    count++;
  }
  return count;
}

/** The same memory as FFmpeg's bindings take it. */
export function asBuffers(piece: Piece): Buffer[] {
  return piece.map(({ buffer, byteOffset, byteLength }) => Buffer.from(buffer, byteOffset, byteLength));
}
