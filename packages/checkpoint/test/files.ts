import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SafetensorsFile } from '@retone/checkpoint';

export interface StoredTensor {
  dtype: string;
  shape: number[];
  bytes: Uint8Array<ArrayBuffer>;
}

/** A safetensors file of any header, well-formed or not. `headerLength` is what its first 8 bytes say. */
export function fileOf(header: unknown, data = new Uint8Array(0), headerLength?: bigint): Buffer {
  const text = Buffer.isBuffer(header) ? header : Buffer.from(JSON.stringify(header));
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(headerLength ?? BigInt(text.length));
  return Buffer.concat([prefix, text, data]);
}

/** A well-formed safetensors file. */
export function safetensors(tensors: Record<string, StoredTensor>, metadata?: Record<string, string>): Buffer {
  let offset = 0;
  const header: Record<string, unknown> = metadata ? { __metadata__: metadata } : {};
  for (const [name, { dtype, shape, bytes }] of Object.entries(tensors)) {
    header[name] = { dtype, shape, data_offsets: [offset, offset + bytes.length] };
    offset += bytes.length;
  }
  return fileOf(header, Buffer.concat(Object.values(tensors).map(({ bytes }) => bytes)));
}

export function f32(shape: number[], values: ArrayLike<number>): StoredTensor {
  return { dtype: 'F32', shape, bytes: new Uint8Array(Float32Array.from(values).buffer) };
}

export function f16(shape: number[], values: ArrayLike<number>): StoredTensor {
  return { dtype: 'F16', shape, bytes: new Uint8Array(Float16Array.from(values).buffer) };
}

/** bf16 of values that have one: the upper half of their float32. */
export function bf16(shape: number[], values: ArrayLike<number>): StoredTensor {
  const words = new Uint32Array(Float32Array.from(values).buffer);
  return { dtype: 'BF16', shape, bytes: new Uint8Array(Uint16Array.from(words, (word) => word >>> 16).buffer) };
}

/** A separate folder for a test file, and the safetensors files that were opened in it. */
export class TestFolder {
  readonly path = mkdtempSync(join(tmpdir(), 'retone-test-'));
  readonly #open: SafetensorsFile[] = [];
  #files = 0;

  /** Writes a file and gives its path. */
  write(bytes: Uint8Array | string, name = `${this.#files++}.safetensors`): string {
    const path = join(this.path, name);
    writeFileSync(path, bytes);
    return path;
  }

  /** Writes and opens a safetensors file. */
  open(tensors: Record<string, StoredTensor>, name?: string): SafetensorsFile {
    const file = SafetensorsFile.open(this.write(safetensors(tensors), name));
    this.#open.push(file);
    return file;
  }

  remove(): void {
    for (const file of this.#open) file.close();
    rmSync(this.path, { recursive: true });
  }
}
