import { elementsOf } from '@retone/common';
import type { Tensor } from '@retone/runtime';

/** Columns `from .. from + count` of a row-major [rows, columns] tensor. */
export function columns(tensor: Tensor, from: number, count: number): Tensor {
  const rows = tensor.shape[0]!;
  const part = { data: new Float32Array(rows * count), shape: [rows, count] };
  copyColumns(tensor, from, part, 0, Math.min(count, tensor.shape[1]! - from));
  return part;
}

/** Copies `count` columns into those of another tensor with as many rows. */
export function copyColumns(source: Tensor, from: number, target: Tensor, to: number, count: number): void {
  const [rows, width] = source.shape as [number, number];
  for (let row = 0; row < rows; row++) {
    target.data.set(source.data.subarray(row * width + from, row * width + from + count), row * target.shape[1]! + to);
  }
}

/**
 * Audio with the given number of channels and samples: mono is repeated, surplus channels are dropped (or averaged, where
 * one is wanted), the end is cut or filled with zeros.
 */
export function fitted(audio: Tensor, channels: number, samples: number): Tensor {
  const [given, length] = audio.shape as [number, number];
  const data = new Float32Array(channels * samples);
  if (channels === 1 && given > 1) {
    for (let c = 0; c < given; c++)
      for (let i = 0; i < Math.min(length, samples); i++) data[i]! += audio.data[c * length + i]! / given;
    return { data, shape: [channels, samples] };
  }
  for (let c = 0; c < channels; c++) {
    const from = Math.min(c, given - 1) * length;
    data.set(audio.data.subarray(from, from + Math.min(length, samples)), c * samples);
  }
  return { data, shape: [channels, samples] };
}

/** The first samples of audio [channels, length], in its own memory, so that a long clip is not there twice. */
export function cropped(audio: Tensor, samples: number): Tensor {
  const [channels, length] = audio.shape as [number, number];
  if (length < samples) return fitted(audio, channels, samples);
  for (let c = 0; c < channels; c++) audio.data.copyWithin(c * samples, c * length, c * length + samples);
  return { data: audio.data.subarray(0, channels * samples), shape: [channels, samples] };
}

/** The channels of audio [channels, samples] from one sample to another, without a copy. */
export function channelsOf(audio: Tensor, from = 0, to = audio.shape[1]!): Float32Array[] {
  const [count, samples] = audio.shape as [number, number];
  return Array.from({ length: count }, (_, c) =>
    audio.data.subarray(c * samples + from, c * samples + Math.min(to, samples)),
  );
}

/** Audio [channels, samples] of channels that are as long as each other. */
export function audioOf(channels: readonly Float32Array[]): Tensor {
  return { data: joined(channels), shape: [channels.length, channels[0]!.length] };
}

/** One tensor behind the other along the first axis. */
export function stacked(a: Tensor, b: Tensor): Tensor {
  return { data: joined([a.data, b.data]), shape: [a.shape[0]! + b.shape[0]!, ...a.shape.slice(1)] };
}

/** Arrays one behind the other. */
export function joined(parts: readonly Float32Array[]): Float32Array {
  const data = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let offset = 0;
  for (const part of parts) {
    data.set(part, offset);
    offset += part.length;
  }
  return data;
}

export function zeros(shape: readonly number[]): Tensor {
  return { data: new Float32Array(elementsOf(shape)), shape };
}
