import type { Tensor } from '@retone/runtime';
import { nextTurn } from '../next-turn.ts';
import { columns, copyColumns } from '../tensors.ts';
import type { PretransformRun } from './pretransform.ts';

/** The pieces that a long sequence is coded in, because the reference does; results depend on them. In frames. */
export interface PieceSize {
  frames: number;
  overlap: number;
}

/**
 * The segments that a piece is computed in, so that memory is bounded and the work can be stopped; results do not depend
 * on them. In frames: a segment's length; how much at an inner edge is computed for the inner frames' sake alone;
 * what the starts of segments are multiples of.
 */
export interface SegmentSize {
  frames: number;
  halo: number;
  multiple: number;
}

interface Coding {
  /** Length of a frame on the way in and on the way out: the downsampling ratio for audio, 1 for latents. */
  unitIn: number;
  unitOut: number;
  pieces: PieceSize | undefined;
  segments: SegmentSize | undefined;
  run: PretransformRun;
  /** Codes a part of the sequence. */
  code: (part: Tensor) => Promise<Tensor>;
}

/** A part of the sequence that is coded by itself, and what of it is kept. */
interface Part {
  /** In samples or latents. */
  start: number;
  /** Its length; all else is in frames too. */
  frames: number;
  /** The part that is kept, counted from its start. */
  from: number;
  to: number;
  /** Its place in the result. */
  at: number;
}

/**
 * Codes a sequence [channels, length], a long one in the reference's overlapping pieces, and these in segments. Parts
 * that give nothing to the frames wanted (`run.frames`) are left out; there are zeros in their place. Of silent ones
 * only the first is coded.
 */
export async function codeInParts(input: Tensor, coding: Coding): Promise<Tensor> {
  const { unitIn, unitOut, segments, run, code } = coding;
  const length = input.shape[1]!;
  const pieces = coding.pieces && length >= coding.pieces.frames * unitIn ? coding.pieces : undefined;
  if (!pieces && !(segments && length > segments.frames * unitIn)) return code(input);

  const total = pieces ? Math.floor(length / unitIn) : Math.ceil(length / unitIn);
  const wanted = Math.min(run.frames ?? total, total);
  const whole = [{ start: 0, frames: total, from: 0, to: total, at: 0 }];
  const coded = pieces ? inPieces(length, unitIn, pieces) : whole;
  const parts = (segments ? joined(coded, unitIn, segments) : coded)
    .map((piece) => ({ ...piece, to: Math.min(piece.to, piece.from + wanted - piece.at) }))
    .flatMap((piece) => (segments ? inSegments(piece, unitIn, segments) : [piece]))
    .filter(({ from, to }) => from < to);

  let output: Tensor | undefined;
  let silence: { frames: number; result: Tensor } | undefined;
  for (const [i, { start, frames, from, to, at }] of parts.entries()) {
    run.signal?.throwIfAborted();
    const part = columns(input, start, frames * unitIn);
    const silent = part.data.every((value) => value === 0);
    const result = silent && silence?.frames === frames ? silence.result : await code(part);
    if (silent) silence = { frames, result };
    const channels = result.shape[0]!;
    output ??= { data: new Float32Array(channels * total * unitOut), shape: [channels, total * unitOut] };
    copyColumns(result, from * unitOut, output, at * unitOut, (to - from) * unitOut);
    run.onProgress?.((i + 1) / parts.length);
    await nextTurn();
  }
  return output!;
}

/**
 * The reference's pieces (spec, section 2): one every `frames - overlap`, the last one moved back to end at the end (within
 * a frame, where the length is not a multiple of one), half of the overlap dropped at inner edges. Where two give the same
 * frame, the later one counts.
 */
function inPieces(length: number, unit: number, { frames, overlap }: PieceSize): Part[] {
  const starts: number[] = [];
  for (let start = 0; start + frames * unit <= length; start += (frames - overlap) * unit) starts.push(start);
  const lastStart = length - frames * unit;
  if (starts.at(-1) !== lastStart) starts.push(lastStart);

  const trim = Math.floor(overlap / 2);
  const firstFrames = starts.map((start, i) => Math.floor(start / unit) + (i === 0 ? 0 : trim));
  return starts.map((start, i) => {
    const from = i === 0 ? 0 : trim;
    const to = i === starts.length - 1 ? frames : frames - trim;
    const at = firstFrames[i]!;
    return { start, frames, from, to: Math.min(to, from + (firstFrames[i + 1] ?? Number.POSITIVE_INFINITY) - at), at };
  });
}

/** Neighbouring pieces as one, where neither the place of their edges nor their distance makes a difference to what is kept. */
function joined(pieces: readonly Part[], unit: number, { halo, multiple }: SegmentSize): Part[] {
  const result: Part[] = [];
  for (const piece of pieces) {
    const before = result.at(-1);
    const distance = before ? (piece.start - before.start) / unit : 0;
    if (before && distance % multiple === 0 && before.frames - before.to >= halo && piece.from >= halo) {
      const [frames, to] = [distance + piece.frames, distance + piece.to];
      result[result.length - 1] = { ...before, frames, to };
    } else result.push(piece);
  }
  return result;
}

/** A piece in segments, each kept without its halos, except at the piece's own ends. */
function inSegments(piece: Part, unit: number, { frames, halo, multiple }: SegmentSize): Part[] {
  if (piece.frames <= frames) return [piece];
  const parts: Part[] = [];
  for (let from = piece.from; from < piece.to; ) {
    const wished = Math.floor(from / multiple) * multiple - halo;
    // The last one is moved back to end with the piece, or is shorter where that would put it between two multiples.
    const latest = Math.floor((piece.frames - frames) / multiple) * multiple;
    const start = Math.max(Math.min(wished, latest), 0);
    const end = start === latest ? piece.frames : start + frames;
    const to = Math.min(end === piece.frames ? end : end - halo, piece.to);
    parts.push({
      start: piece.start + start * unit,
      frames: end - start,
      from: from - start,
      to: to - start,
      at: piece.at + from - piece.from,
    });
    from = to;
  }
  return parts;
}
