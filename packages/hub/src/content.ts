import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import type { Digest } from './hub.ts';

/** The hashes of a file's content, computed while it is read. */
export class ContentHash {
  readonly #sha256 = createHash('sha256');
  readonly #gitSha1: Hash | undefined;

  /** @param size of the whole content in bytes, which a git blob begins with; absent where only SHA-256 is asked for */
  constructor(kind: Digest['kind'] = 'sha256', size = 0) {
    if (kind === 'git-sha1') this.#gitSha1 = createHash('sha1').update(`blob ${size}\0`);
  }

  update(bytes: Uint8Array): void {
    this.#sha256.update(bytes);
    this.#gitSha1?.update(bytes);
  }

  /** SHA-256 of the content, and the digest that the hub gives for it. */
  digest(): { sha256: string; hub: string } {
    const sha256 = this.#sha256.digest('hex');
    return { sha256, hub: this.#gitSha1?.digest('hex') ?? sha256 };
  }
}

interface ReadOptions {
  signal?: AbortSignal | undefined;
  onBytes?: ((count: number) => void) | undefined;
}

/** Reads a file; `onBytes` is called for every piece. */
export async function readInto(hash: ContentHash, path: string, { signal, onBytes }: ReadOptions = {}): Promise<void> {
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20, ...(signal ? { signal } : {}) })) {
    hash.update(chunk as Buffer);
    onBytes?.((chunk as Buffer).length);
  }
}

/** SHA-256 of a file in hex. */
export async function sha256Of(path: string, options: ReadOptions = {}): Promise<string> {
  const hash = new ContentHash();
  await readInto(hash, path, options);
  return hash.digest().sha256;
}
