import type { Tensor } from '@retone/runtime';
import type { Progress } from '../generation/options.ts';
import type { Model } from '../model.ts';
import { audioToAudio, inpaint, outpaint, textToAudio } from '../pipelines.ts';
import type { EngineRequest, FromEngine, ToEngine } from './messages.ts';

/** Answers messages with a loaded model, one request at a time. The answers go to `send`. */
export function answering(model: Model, send: (message: FromEngine) => void): (message: ToEngine) => void {
  let running: AbortController | undefined;
  const run = async (request: EngineRequest) => {
    running = new AbortController();
    const { signal } = running;
    const since = performance.now();
    try {
      const audio = await make(model, request, signal, send);
      send({ type: 'done', audio, milliseconds: performance.now() - since });
    } catch (error) {
      send(signal.aborted ? { type: 'error', code: 'aborted', message: 'cancelled' } : failure(error));
    } finally {
      running = undefined;
    }
  };
  const { sampleRate, audioChannels, maxSeconds } = model;
  send({ type: 'ready', facts: { sampleRate, audioChannels, maxSeconds } });
  return (message) => {
    if (message.type === 'cancel') running?.abort();
    else void run(message.request);
  };
}

/** An error as a message. */
export function failure(error: unknown): FromEngine {
  const { code = 'internal', message } = error as { code?: string; message: string };
  return { type: 'error', code, message };
}

function make(
  model: Model,
  request: EngineRequest,
  signal: AbortSignal,
  send: (message: FromEngine) => void,
): Promise<Tensor> {
  const controls = {
    ...request.controls,
    signal,
    onProgress: (progress: Progress) => send({ type: 'progress', progress }),
    onWarning: (warning: string) => send({ type: 'warning', warning }),
    onPreview: request.preview ? (audio: Tensor, step: number) => send({ type: 'preview', audio, step }) : undefined,
  };
  switch (request.pipeline) {
    case 'text-to-audio':
      return textToAudio(model, { ...controls, seconds: request.seconds });
    case 'audio-to-audio': {
      const { audio, seconds, initNoiseLevel } = request;
      return audioToAudio(model, { ...controls, audio, seconds, initNoiseLevel });
    }
    case 'inpaint':
      return inpaint(model, { ...controls, audio: request.audio, regions: request.regions });
    case 'outpaint': {
      const { audio, secondsBefore, secondsAfter } = request;
      return outpaint(model, { ...controls, audio, secondsBefore, secondsAfter });
    }
  }
}
