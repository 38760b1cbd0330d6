import { type FileHandle, open, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { makeFolder } from '@retone/common';
import { ContentHash, readInto } from './content.ts';
import { writeFailure } from './disk.ts';
import { HubError, Passing } from './errors.ts';
import { type Hub, type RemoteFile, reasonOf } from './hub.ts';

export interface DownloadOptions {
  signal?: AbortSignal | undefined;
  /** Called with the bytes that are present now, whether they were fetched or had been before; negative when they are given up. */
  onBytes?: ((count: number, fetched: boolean) => void) | undefined;
}

/** How long a connection may give nothing before it is taken for dead, in milliseconds. */
const stallTimeout = 30_000;

/**
 * Makes `path` be a file of the hub. What is there of it already is read, not fetched; a broken connection continues where
 * it broke off; and the whole is checked against the hub's digest.
 *
 * @returns SHA-256 of the content, in hex
 * @throws HubError; `bad-checksum` when the hub's own bytes are not what it says they are
 */
export async function download(
  hub: Hub,
  file: RemoteFile,
  path: string,
  { signal, onBytes }: DownloadOptions = {},
): Promise<string> {
  makeFolder(dirname(path));
  const before = (await stat(path).catch(() => undefined))?.size ?? 0;
  if (before > file.size) await rm(path);
  const { sha256, hub: found } = await complete(hub, file, path, before > file.size ? 0 : before, { signal, onBytes });
  if (found === file.digest.hex) return sha256;
  // Removed and not truncated: it may be a hard link to the file of an installed model.
  await rm(path);
  onBytes?.(-file.size, false);
  // The existing part may be of another version, or damaged.
  if (before > 0 && before <= file.size) return download(hub, file, path, { signal, onBytes });
  throw new HubError(
    'bad-checksum',
    `${file.path} of ${file.repository} does not have the checksum that ${hub.url} gives for it: ` +
      `${file.digest.kind} ${found} instead of ${file.digest.hex}. It was thrown away; pull again, and if that does not help, report it to its owners`,
  );
}

/** Reads the bytes that are there, `before` many, and fetches the others. */
async function complete(
  hub: Hub,
  file: RemoteFile,
  path: string,
  before: number,
  { signal, onBytes }: DownloadOptions,
): Promise<{ sha256: string; hub: string }> {
  const handle = await open(path, 'a').catch((error) => Promise.reject(writeFailure(error, path)));
  try {
    let hash = new ContentHash(file.digest.kind, file.size);
    let there = 0;
    const count = (bytes: number, fetched: boolean) => {
      there += bytes;
      onBytes?.(bytes, fetched);
    };
    if (before > 0) await readInto(hash, path, { signal, onBytes: (bytes) => count(bytes, false) });
    await hub.retrying(async (progressed) => {
      if (there === file.size) return;
      for await (const chunk of bytesFrom(hub, file, there, signal)) {
        if (chunk === 'from the start') {
          await handle.truncate(0);
          hash = new ContentHash(file.digest.kind, file.size);
          count(-there, false);
          continue;
        }
        if (there + chunk.length > file.size) {
          throw new HubError('bad-answer', `${hub.url} sends more of ${file.path} than the ${file.size} bytes it has`);
        }
        await writeAll(handle, chunk).catch((error) => Promise.reject(writeFailure(error, path)));
        hash.update(chunk);
        count(chunk.length, true);
        progressed();
      }
      if (there < file.size) {
        throw new Passing('unreachable', `${hub.url} broke off after ${there} of ${file.size} bytes of ${file.path}`);
      }
    }, signal);
    if (file.size > 0) await handle.sync().catch((error) => Promise.reject(writeFailure(error, path)));
    return hash.digest();
  } finally {
    await handle.close();
  }
}

/** A file's bytes from an offset on, or from the start where the server does not know ranges. */
async function* bytesFrom(
  hub: Hub,
  file: RemoteFile,
  offset: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array | 'from the start'> {
  const stalled = new AbortController();
  const timer = setTimeout(() => stalled.abort(new Error(`nothing came for ${stallTimeout / 1000} s`)), stallTimeout);
  try {
    const response = await hub.read(file, offset, AbortSignal.any([stalled.signal, ...(signal ? [signal] : [])]));
    if (offset > 0) {
      const from = /^bytes (\d+)-/.exec(response.headers.get('content-range') ?? '')?.[1];
      if (response.status === 200) yield 'from the start';
      else if (Number(from) !== offset)
        throw new HubError('bad-answer', `${hub.url} gave another part of ${file.path} than was asked for`);
    }
    for await (const chunk of response.body ?? []) {
      timer.refresh();
      yield chunk;
    }
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof HubError) throw error;
    throw new Passing('unreachable', `the connection to ${hub.url} broke: ${reasonOf(error)}`, { cause: error });
  } finally {
    clearTimeout(timer);
  }
}

async function writeAll(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length; ) done += (await handle.write(bytes, done)).bytesWritten;
}
