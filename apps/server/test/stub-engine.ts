import { type Engine, EngineFailure, type EngineRequest } from '@retone/jobs';

/** Stands for the engine and costs nothing: makes a second of silence, when the test lets it. */
export class StubEngine implements Engine {
  /** Requests in order. */
  readonly requests: EngineRequest[] = [];
  readonly #waiting: (() => void)[] = [];
  #held = false;
  /** Runs that may pass while others are held. */
  #passes = 0;

  /** From now on runs wait for `release`. */
  hold(): void {
    this.#held = true;
  }

  release(): void {
    this.#held = false;
    for (const go of this.#waiting.splice(0)) go();
  }

  /** Lets one run pass, this one or the next, and holds those after it. */
  letOne(): void {
    const go = this.#waiting.shift();
    if (go) go();
    else this.#passes++;
  }

  async load() {
    return { sampleRate: 44100, audioChannels: 2, maxSeconds: 400 };
  }

  async run(request: EngineRequest, { signal, onProgress }: Parameters<Engine['run']>[1] = {}) {
    this.requests.push(request);
    onProgress?.({ stage: 'sample', fraction: 0.5, step: 1, steps: 2 });
    if (request.controls.prompt === 'refuse') throw new EngineFailure('invalid-argument', 'the engine refuses this');
    const passes = this.#passes > 0;
    if (this.#held && passes) this.#passes--;
    if (this.#held && !passes) {
      await new Promise<void>((resolve, reject) => {
        this.#waiting.push(resolve);
        signal?.addEventListener('abort', () => reject(new EngineFailure('aborted', 'cancelled')), { once: true });
      });
    }
    return { data: new Float32Array(2 * 44100), shape: [2, 44100] };
  }
}
