import { type FileHandle, open } from 'node:fs/promises';
import { writeAtomically } from '@retone/common';
import { checkedBytes, headerOf, type TensorToWrite } from './safetensors-bytes.ts';

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

async function writeAll(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length; ) done += (await handle.write(bytes, done)).bytesWritten;
}
