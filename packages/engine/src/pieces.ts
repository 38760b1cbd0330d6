import type { Tensor } from '@retone/runtime';
import type { PretransformRun } from './pretransform.ts';

interface Coding {
  /** Length of a frame on the way in and on the way out: the downsampling ratio for audio, 1 for latents. */
  unitIn: number;
  unitOut: number;
  run: PretransformRun;
  code: (piece: Tensor) => Promise<Tensor>;
}

/**
 * Codes a long sequence [channels, length] in overlapping pieces, as the reference does (spec, section 2): pieces start
 * every `frames - overlap`, the last one is moved back to end at the end, and half of the overlap is dropped at inner
 * edges. Later pieces overwrite earlier ones; nothing is cross-faded.
 */
export async function codeInPieces(
  input: Tensor,
  size: { frames: number; overlap: number },
  coding: Coding,
): Promise<Tensor> {
  const { frames, overlap } = size;
  const { unitIn, unitOut, run, code } = coding;
  const length = input.shape[1]!;
  const total = Math.floor(length / unitIn);
  // Positions in the input. Where its length is no multiple of a frame, the last piece starts within one.
  const starts: number[] = [];
  for (let start = 0; start + frames * unitIn <= length; start += (frames - overlap) * unitIn) starts.push(start);
  const lastStart = length - frames * unitIn;
  if (starts.at(-1) !== lastStart) starts.push(lastStart);

  const trim = Math.floor(overlap / 2);
  let output: Tensor | undefined;
  for (const [i, start] of starts.entries()) {
    run.signal?.throwIfAborted();
    const piece = await code(columns(input, start, frames * unitIn));
    output ??= { data: new Float32Array(piece.shape[0]! * total * unitOut), shape: [piece.shape[0]!, total * unitOut] };
    const from = i === 0 ? 0 : trim;
    const to = i === starts.length - 1 ? frames : frames - trim;
    const firstFrame = Math.floor(start / unitIn);
    copyColumns(piece, from * unitOut, output, (firstFrame + from) * unitOut, (to - from) * unitOut);
    run.onProgress?.((i + 1) / starts.length);
    await nextTurn();
  }
  return output!;
}

/** Columns `from .. from + count` of a row-major [rows, columns] tensor. */
export function columns(tensor: Tensor, from: number, count: number): Tensor {
  const rows = tensor.shape[0]!;
  const part = { data: new Float32Array(rows * count), shape: [rows, count] };
  copyColumns(tensor, from, part, 0, Math.min(count, tensor.shape[1]! - from));
  return part;
}

function copyColumns(source: Tensor, from: number, target: Tensor, to: number, count: number): void {
  const [rows, width] = source.shape as [number, number];
  for (let row = 0; row < rows; row++) {
    target.data.set(source.data.subarray(row * width + from, row * width + from + count), row * target.shape[1]! + to);
  }
}

/** Lets timers, signals and messages be handled between two runs of the network, which block the thread. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
