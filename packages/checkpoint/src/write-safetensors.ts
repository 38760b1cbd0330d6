import { type FileHandle, open } from 'node:fs/promises';
import { elementsOf, writeAtomically } from '@retone/common';
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

/**
 * Writes a safetensors file. It is there whole, or not at all.
 *
 * @param metadata strings for the header's `__metadata__`
 */
export async function writeSafetensors(
  path: string,
  tensors: readonly TensorToWrite[],
  metadata: Record<string, string> = {},
): Promise<void> {
  await writeAtomically(path, async (part) => {
    const handle = await open(part, 'w');
    try {
      await writeAll(handle, headerOf(tensors, metadata));
      for (const tensor of tensors) await writeAll(handle, checkedBytes(tensor));
    } finally {
      await handle.close();
    }
  });
}

/** The same file in memory, for small ones. */
export function safetensorsBytes(tensors: readonly TensorToWrite[], metadata: Record<string, string> = {}): Uint8Array {
  return Buffer.concat([headerOf(tensors, metadata), ...tensors.map(checkedBytes)]);
}

function checkedBytes(tensor: TensorToWrite): Uint8Array {
  const bytes = tensor.bytes();
  if (bytes.length === lengthOf(tensor)) return bytes;
  throw new TypeError(
    `${tensor.name} has ${bytes.length} bytes; ${tensor.dtype} [${tensor.shape}] has ${lengthOf(tensor)}`,
  );
}

/** 8 bytes little-endian length of the JSON header, and the header, padded with spaces. */
function headerOf(tensors: readonly TensorToWrite[], metadata: Record<string, string>): Uint8Array {
  let offset = 0;
  const header: Record<string, unknown> = Object.keys(metadata).length > 0 ? { __metadata__: metadata } : {};
  for (const tensor of tensors) {
    const { name, dtype, shape } = tensor;
    header[name] = { dtype, shape, data_offsets: [offset, offset + lengthOf(tensor)] };
    offset += lengthOf(tensor);
  }
  const json = Buffer.from(JSON.stringify(header));
  const bytes = Buffer.alloc(8 + Math.ceil(json.length / alignment) * alignment, ' ');
  bytes.writeBigUInt64LE(BigInt(bytes.length - 8));
  json.copy(bytes, 8);
  return bytes;
}

function lengthOf({ dtype, shape }: TensorToWrite): number {
  return elementsOf(shape) * bytesPerElement[dtype];
}

async function writeAll(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length; ) done += (await handle.write(bytes, done)).bytesWritten;
}
