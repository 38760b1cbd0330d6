import { type Engine, EngineFailure, type EngineRequest } from '@retone/jobs';

/** Stands for the engine and costs nothing: makes a second of silence, when the test lets it. */
export class StubEngine implements Engine {
  /** Requests in order. */
  readonly requests: EngineRequest[] = [];
  readonly #waiting: (() => void)[] = [];
  #held = false;

  /** From now on runs wait for `release`. */
  hold(): void {
    this.#held = true;
  }

  release(): void {
    this.#held = false;
    for (const go of this.#waiting.splice(0)) go();
  }

  async load() {
    return { sampleRate: 44100, audioChannels: 2, maxSeconds: 400 };
  }

  async run(request: EngineRequest, { signal, onProgress }: Parameters<Engine['run']>[1] = {}) {
    this.requests.push(request);
    onProgress?.({ stage: 'sampling', step: 1, steps: 2 } as never);
    if (request.controls.prompt === 'refuse') throw new EngineFailure('invalid-argument', 'the engine refuses this');
    if (this.#held) {
      await new Promise<void>((resolve, reject) => {
        this.#waiting.push(resolve);
        signal?.addEventListener('abort', () => reject(new EngineFailure('aborted', 'cancelled')), { once: true });
      });
    }
    return { data: new Float32Array(2 * 44100), shape: [2, 44100] };
  }
}
