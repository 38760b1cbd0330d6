import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { SafetensorsFile, safetensorsBytes, weightDTypes, widenToFloat32 } from '@retone/checkpoint';
import { CodedError, elementsOf } from '@retone/common';
import type { Tensor } from '@retone/engine';
import { UsageError } from './arguments.ts';

/** Latents [channels, frames], and what is known of them. */
export interface Latents {
  tensor: Tensor;
  /** Samples per channel that they stand for; frames times the downsampling ratio if the file does not say. */
  samples?: number | undefined;
}

/** A file that has no latents in it; the message says what it has. */
class LatentsError extends CodedError<'bad-latents'> {}

/** Name of the tensor in a safetensors file. */
const tensorName = 'latents';

export const latentsFormats = ['.safetensors', '.npy'];

/** @throws UsageError when the extension is that of no file of latents */
export function checkLatentsName(path: string): void {
  if (latentsFormats.includes(extname(path).toLowerCase())) return;
  throw new UsageError(`a file of latents must end in ${latentsFormats.join(' or ')} (got "${path}")`);
}

/**
 * A file of latents: of safetensors with what is known of them in its metadata, or an array of NumPy's as the reference's
 * `pre_encode_dataset.py` has them, (channels, frames) in float32.
 */
export function latentsFile(
  path: string,
  { data, shape }: Tensor,
  facts: { samples: number; sampleRate: number; model: string },
): Uint8Array {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  if (extname(path).toLowerCase() === '.safetensors') {
    const metadata = Object.fromEntries(Object.entries(facts).map(([name, value]) => [name, String(value)]));
    return safetensorsBytes([{ name: tensorName, dtype: 'F32', shape, bytes: () => bytes }], metadata);
  }
  return Buffer.concat([npyHeader(shape), bytes]);
}

/**
 * Reads latents [channels, frames], or [1, channels, frames].
 *
 * @throws UsageError on another extension; LatentsError, CheckpointError when there are no latents in the file
 */
export async function readLatents(path: string): Promise<Latents> {
  checkLatentsName(path);
  if (!existsSync(path)) throw new LatentsError('bad-latents', `there is no file ${path}`);
  if (extname(path).toLowerCase() === '.npy')
    return { tensor: latentsTensor(path, npyTensor(path, await readFile(path))) };
  const file = SafetensorsFile.open(path);
  try {
    const [only, ...others] = file.tensors.values();
    const entry = file.tensors.get(tensorName) ?? (others.length === 0 ? only : undefined);
    const dtype = weightDTypes.find((each) => each === entry?.dtype);
    if (!entry || !dtype)
      throw new LatentsError(
        'bad-latents',
        `${path} has no tensor "${tensorName}" of floats; it has ${[...file.tensors.keys()].slice(0, 5)}`,
      );
    const tensor = latentsTensor(path, { data: widenToFloat32(file.read(entry), dtype), shape: entry.shape });
    const samples = Number(file.metadata.samples);
    return { tensor, samples: Number.isInteger(samples) && samples > 0 ? samples : undefined };
  } finally {
    file.close();
  }
}

/** A tensor that was read, as latents: without an axis for a batch of one. */
function latentsTensor(path: string, { data, shape }: Tensor): Tensor {
  const inner = shape.length === 3 && shape[0] === 1 ? shape.slice(1) : shape;
  if (inner.length !== 2)
    throw new LatentsError('bad-latents', `${path} has shape [${shape}]; latents have [channels, frames]`);
  if (!data.every(Number.isFinite))
    throw new LatentsError('bad-latents', `${path} has values that are infinite or no numbers`);
  return { data, shape: inner };
}

/** NumPy's format (NEP 1): a magic string, version 1.0, the header's length in two bytes, and the header: Python, padded to 64. */
const npyMagic = Buffer.from('\x93NUMPY', 'latin1');

function npyHeader(shape: readonly number[]): Buffer {
  const text = `{'descr': '<f4', 'fortran_order': False, 'shape': (${shape.join(', ')}), }`;
  const length = Math.ceil((npyMagic.length + 4 + text.length + 1) / 64) * 64;
  const header = Buffer.alloc(length, ' ');
  npyMagic.copy(header);
  header.set([1, 0], npyMagic.length);
  header.writeUInt16LE(length - npyMagic.length - 4, npyMagic.length + 2);
  header.write(text, npyMagic.length + 4, 'latin1');
  header.write('\n', length - 1);
  return header;
}

function npyTensor(path: string, file: Buffer): Tensor {
  const fail = (what: string): never => {
    throw new LatentsError(
      'bad-latents',
      `${path} ${what}; it must be an array (channels, frames) of '<f4' or '<f2', as numpy.save writes it`,
    );
  };
  if (file.length < 12 || !file.subarray(0, npyMagic.length).equals(npyMagic)) return fail('is not an .npy file');
  const wide = file[npyMagic.length]! > 1;
  const start = npyMagic.length + (wide ? 6 : 4);
  const length = wide ? file.readUInt32LE(npyMagic.length + 2) : file.readUInt16LE(npyMagic.length + 2);
  const header = file.toString('latin1', start, start + length);
  const type = /'descr':\s*'([^']*)'/.exec(header)?.[1];
  const shape = /'shape':\s*\(([^)]*)\)/
    .exec(header)?.[1]
    ?.split(',')
    .map((size) => size.trim())
    .filter(Boolean)
    .map(Number);
  if (!shape) return fail('has a header that is not understood');
  if (!/'fortran_order':\s*False/.test(header)) return fail('has its values in the order of Fortran');
  if (type !== '<f4' && type !== '<f2') return fail(`holds '${type}'`);
  const bytes = Uint8Array.from(file.subarray(start + length));
  if (bytes.length !== elementsOf(shape) * (type === '<f4' ? 4 : 2))
    return fail(`does not hold the (${shape}) it says`);
  return { data: widenToFloat32(bytes, type === '<f4' ? 'F32' : 'F16'), shape };
}
