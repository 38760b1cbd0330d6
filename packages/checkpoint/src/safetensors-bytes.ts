import { elementsOf } from '@retone/common';
import { bytesPerElement, type DType } from './dtype.ts';

/** A tensor to write. Its bytes are asked for when they are written, so that one tensor at a time is in memory. */
export interface TensorToWrite {
  name: string;
  dtype: DType;
  shape: readonly number[];
  bytes(): Uint8Array;
}

/** Data begins at a multiple of this many bytes, as other writers have it. */
const alignment = 8;
const space = 0x20;

/** A safetensors file in memory. @param metadata strings for the header's `__metadata__` */
export function safetensorsBytes(
  tensors: readonly TensorToWrite[],
  metadata: Record<string, string> = {},
): Uint8Array<ArrayBuffer> {
  const header = headerOf(tensors, metadata);
  const file = new Uint8Array(header.length + tensors.reduce((sum, tensor) => sum + lengthOf(tensor), 0));
  file.set(header);
  let offset = header.length;
  for (const tensor of tensors) {
    file.set(checkedBytes(tensor), offset);
    offset += lengthOf(tensor);
  }
  return file;
}

/** The bytes of a tensor. @throws TypeError when they are not as many as its shape says */
export function checkedBytes(tensor: TensorToWrite): Uint8Array {
  const bytes = tensor.bytes();
  if (bytes.length === lengthOf(tensor)) return bytes;
  throw new TypeError(
    `${tensor.name} has ${bytes.length} bytes; ${tensor.dtype} [${tensor.shape}] has ${lengthOf(tensor)}`,
  );
}

/** 8 bytes little-endian length of the JSON header, and the header, padded with spaces. */
export function headerOf(tensors: readonly TensorToWrite[], metadata: Record<string, string>): Uint8Array {
  let offset = 0;
  const header: Record<string, unknown> = Object.keys(metadata).length > 0 ? { __metadata__: metadata } : {};
  for (const tensor of tensors) {
    const { name, dtype, shape } = tensor;
    header[name] = { dtype, shape, data_offsets: [offset, offset + lengthOf(tensor)] };
    offset += lengthOf(tensor);
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  const bytes = new Uint8Array(8 + Math.ceil(json.length / alignment) * alignment).fill(space);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(bytes.length - 8), true);
  bytes.set(json, 8);
  return bytes;
}

function lengthOf({ dtype, shape }: TensorToWrite): number {
  return elementsOf(shape) * bytesPerElement[dtype];
}
