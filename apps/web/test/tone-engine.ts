import { type Engine, EngineFailure, type EngineRequest } from '@retone/jobs';

const sampleRate = 44100;

/** Stands for the engine where a test needs to know what is heard: makes a tone of 1 kHz at half of full scale. */
export class ToneEngine implements Engine {
  readonly requests: EngineRequest[] = [];
  /** While it is held, runs wait after their first step. */
  #held: PromiseWithResolvers<void> | undefined;

  hold(): void {
    this.#held ??= Promise.withResolvers();
  }

  release(): void {
    this.#held?.resolve();
    this.#held = undefined;
  }

  async load() {
    return { sampleRate, audioChannels: 2, maxSeconds: 190 };
  }

  async run(request: EngineRequest, { signal, onProgress, onWarning, onPreview }: Parameters<Engine['run']>[1] = {}) {
    this.requests.push(request);
    onProgress?.({ stage: 'sample', fraction: 0.25, step: 2, steps: 8 });
    if (request.controls.prompt === 'refuse') {
      throw new EngineFailure('too-long', 'the duration in seconds is 400; at most 190 are possible');
    }
    if (request.controls.prompt?.includes('qwertz')) onWarning?.('the model does not know the words: qwertz');
    if (request.preview) onPreview?.(this.#tone(request), 2);
    if (this.#held) await Promise.race([this.#held.promise, abortion(signal)]);
    return this.#tone(request);
  }

  #tone(request: EngineRequest) {
    const samples = Math.round(secondsOf(request) * sampleRate);
    const data = new Float32Array(2 * samples);
    for (let i = 0; i < data.length; i++) data[i] = 0.5 * Math.sin((2 * Math.PI * 1000 * (i % samples)) / sampleRate);
    return { data, shape: [2, samples] };
  }

  async close() {}
}

function abortion(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_, reject) => {
    signal?.addEventListener('abort', () => reject(new EngineFailure('aborted', 'cancelled')), { once: true });
  });
}

function secondsOf(request: EngineRequest): number {
  if (request.pipeline === 'text-to-audio') return request.seconds;
  const own = request.audio.shape[1]! / sampleRate;
  if (request.pipeline === 'audio-to-audio') return request.seconds ?? own;
  return request.pipeline === 'outpaint' ? own + request.secondsBefore + request.secondsAfter : own;
}
