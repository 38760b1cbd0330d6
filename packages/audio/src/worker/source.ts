import { openSync, readSync, statSync } from 'node:fs';
import { AudioError } from '../errors.ts';
import type { Source } from '../jobs.ts';

/** Bytes that can be read at any position. */
export interface ByteSource {
  readonly name: string;
  readonly size: number;
  /** The bytes from `position` on, at most `length`; fewer only at the end. */
  read(position: number, length: number): Buffer;
}

/** Opens a file or takes bytes. Throws an `AudioError` if there is no file, it is empty, or over `maxBytes`. */
export function openSource(source: Source, maxBytes: number): ByteSource {
  const bytes = 'path' in source ? openFile(source.path, source.name) : inMemory(source.bytes, source.name);
  if (bytes.size === 0)
    throw new AudioError('empty', `${source.name} is empty (0 bytes); give a file with sound in it`);
  if (bytes.size > maxBytes) {
    const message = `${source.name} has ${inMegabytes(bytes.size)}; at most ${inMegabytes(maxBytes)} are taken`;
    throw new AudioError('too-large', message);
  }
  return bytes;
}

/** The bytes from one position to before another, as a source of their own. */
export function partOf({ name, size, read }: ByteSource, start: number, end: number): ByteSource {
  const length = Math.max(Math.min(end, size) - start, 0);
  const within = (position: number, count: number) => Math.max(Math.min(count, length - position), 0);
  return { name, size: length, read: (position, count) => read(start + position, within(position, count)) };
}

/** Bytes in memory, and a source behind them. */
export function joinedSource(name: string, head: Buffer, { size, read }: ByteSource): ByteSource {
  return {
    name,
    size: head.length + size,
    read(position, count) {
      if (position >= head.length) return read(position - head.length, count);
      const front = head.subarray(position, position + count);
      return Buffer.concat([front, read(0, count - front.length)]);
    },
  };
}

function openFile(path: string, name: string): ByteSource {
  try {
    // Asked before opening: opening a pipe would wait for somebody to write to it.
    const stat = statSync(path);
    if (!stat.isFile()) {
      const what = stat.isDirectory() ? 'a folder' : 'not a regular file';
      throw new AudioError('not-a-file', `${name} is ${what}; give a sound file`);
    }
    const file = openSync(path, 'r');
    const read = (position: number, length: number) => {
      const buffer = Buffer.allocUnsafe(length);
      return buffer.subarray(0, readSync(file, buffer, 0, length, position));
    };
    return { name, size: stat.size, read };
  } catch (error) {
    if (error instanceof AudioError) throw error;
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      throw new AudioError('not-found', `${name} does not exist; check the path`);
    }
    throw new AudioError('unreadable', `${name} cannot be opened (${code}); check its permissions`);
  }
}

function inMemory(bytes: Uint8Array, name: string): ByteSource {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return { name, size: bytes.length, read: (position, length) => buffer.subarray(position, position + length) };
}

function inMegabytes(bytes: number): string {
  return `${Number((bytes / 1e6).toPrecision(3))} MB`;
}
