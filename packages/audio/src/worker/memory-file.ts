import { AVSEEK_CUR, AVSEEK_END, AVSEEK_FORCE, AVSEEK_SIZE } from 'node-av/constants';
import { IOContext } from 'node-av/lib';

/** A file in memory that FFmpeg writes. */
export class MemoryFile {
  readonly io = new IOContext();
  #bytes = Buffer.alloc(1 << 20);
  #size = 0;
  #position = 0;

  constructor() {
    const write = (chunk: Buffer) => this.#write(chunk);
    const seek = (offset: bigint, whence: number) => this.#seek(Number(offset), whence & ~AVSEEK_FORCE);
    this.io.allocContextWithCallbacks(64 * 1024, 1, null, write, seek);
  }

  /** The bytes written. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#size);
  }

  #write(chunk: Buffer): number {
    const end = this.#position + chunk.length;
    if (end > this.#bytes.length) {
      const larger = Buffer.alloc(Math.max(end, this.#bytes.length * 2));
      this.#bytes.copy(larger);
      this.#bytes = larger;
    }
    chunk.copy(this.#bytes, this.#position);
    this.#position = end;
    this.#size = Math.max(this.#size, end);
    return chunk.length;
  }

  #seek(offset: number, whence: number): bigint {
    if (whence === AVSEEK_SIZE) return BigInt(this.#size);
    const base = whence === AVSEEK_END ? this.#size : whence === AVSEEK_CUR ? this.#position : 0;
    this.#position = base + offset;
    return BigInt(this.#position);
  }
}
