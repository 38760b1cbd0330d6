import type { Tensor } from '@retone/runtime';

// Small operations on the tensors of cases.

/** The outputs of a case by their roles. */
export type Results = Record<string, Tensor | undefined>;

export function vector(values: number[]): Tensor {
  return { data: Float32Array.from(values), shape: [values.length] };
}

export function stack(rows: Float32Array[]): Tensor {
  const width = rows[0]!.length;
  const data = new Float32Array(rows.length * width);
  for (const [i, row] of rows.entries()) data.set(row, i * width);
  return { data, shape: [rows.length, width] };
}

/** One element of a batch, or all there is when it stands for every element. */
export function batchElement({ data, shape }: Tensor, b: number): Tensor {
  const [batch, ...inner] = shape as [number, ...number[]];
  if (batch === 1) return { data, shape };
  const size = data.length / batch;
  return { data: data.slice(b * size, (b + 1) * size), shape: [1, ...inner] };
}

export function join2(a: Tensor, b: Tensor): Tensor {
  return { data: stack([a.data, b.data]).data, shape: [a.shape[0]! + b.shape[0]!, ...a.shape.slice(1)] };
}

export function firstColumns(tensor: Tensor | undefined, count: number): Tensor | undefined {
  if (!tensor) return undefined;
  const [rows, width] = tensor.shape as [number, number];
  return stack(Array.from({ length: rows }, (_, row) => tensor.data.slice(row * width, row * width + count)));
}

/** Windows [start, length] of a longer output, one after the other on the last axis. */
export function excerpts(tensor: Tensor | undefined, windows: [number, number][] | undefined): Tensor | undefined {
  if (!tensor || !windows) return undefined;
  const width = tensor.shape.at(-1)!;
  const rows = tensor.data.length / width;
  const joined = Array.from({ length: rows }, (_, row) => {
    return Float32Array.from(
      windows.flatMap(([start, length]) => [
        ...tensor.data.subarray(row * width + start, row * width + start + length),
      ]),
    );
  });
  return stack(joined);
}
