import { encodeAudio } from '@retone/audio';
import { channelsOf, type Tensor } from '@retone/engine';
import type { FileStore } from '@retone/storage';

interface Options {
  store: FileStore;
  taskId: string;
  sampleRate: number;
  signal: AbortSignal;
  /** Called when there is another preview to fetch. */
  onKept(): void;
}

/** The key of a task's latest preview in the file store. */
export const previewKey = (taskId: string): string => `previews/${taskId}`;

/** Keeps the latest preview of a task while it is made. A preview that cannot be kept costs only itself. */
export class Previews {
  /** The step of the preview that is in the store. */
  latest: number | undefined;
  readonly #options: Options;
  #writing: Promise<void> = Promise.resolve();
  #next: { audio: Tensor; step: number } | undefined;

  constructor(options: Options) {
    this.#options = options;
  }

  /** Keeps a preview [channels, samples]; of several that wait, the last one. */
  take(audio: Tensor, step: number): void {
    const waits = this.#next !== undefined;
    this.#next = { audio, step };
    if (!waits) this.#writing = this.#writing.then(() => this.#write()).catch(() => {});
  }

  /** Deletes what is kept, when there is a result. */
  async remove(): Promise<void> {
    await this.#writing;
    if (this.latest === undefined) return;
    // A file that stays is deleted as a stray.
    await this.#options.store.delete(previewKey(this.#options.taskId)).catch(() => {});
  }

  async #write(): Promise<void> {
    const { store, taskId, sampleRate, signal } = this.#options;
    const { audio, step } = this.#next!;
    this.#next = undefined;
    const bytes = await encodeAudio({ sampleRate, channels: channelsOf(audio) }, 'wav', { signal });
    await store.put(previewKey(taskId), bytes, { mediaType: 'audio/wav', signal });
    this.latest = step;
    this.#options.onKept();
  }
}
