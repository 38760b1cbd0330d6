import { basename } from 'node:path';
import {
  audioToAudio,
  engineSettings,
  inpaint,
  loadModel,
  type Model,
  outpaint,
  type Progress,
  type Tensor,
  textToAudio,
} from '@retone/engine';
import { endWithParent } from '@retone/processes';
import type { EngineRequest, FromEngine, ToEngine } from './engine-messages.ts';

// The process that has the engine. It loads one model and runs one request at a time; when its parent is gone, so is it.

const send = (message: FromEngine) => process.send!(message);
const failure = (error: unknown): FromEngine => {
  const { code = 'internal', message } = error as { code?: string; message: string };
  return { type: 'error', code, message };
};

const note = (message: string) => console.error(`retone: ${message}`);

let running: AbortController | undefined;

endWithParent();
setInterval(() => send({ type: 'alive' }), 2000);

try {
  const [folder, options] = process.argv.slice(2) as [string, string];
  const { adapters, spinning } = JSON.parse(options);
  const model = await loadModel(folder, {
    ...engineSettings({ spinning }),
    adapters,
    onFallback: note,
    onFold: (done) => done === 0 && note(`folding adapters into ${basename(folder)}, once`),
    onCompile: () => note(`compiling ${basename(folder)}, once`),
  });
  process.on('message', (message: ToEngine) => {
    if (message.type === 'cancel') running?.abort();
    else void run(model, message.request);
  });
  const { sampleRate, audioChannels, maxSeconds } = model;
  send({ type: 'ready', facts: { sampleRate, audioChannels, maxSeconds } });
} catch (error) {
  send(failure(error));
}

async function run(model: Model, request: EngineRequest): Promise<void> {
  running = new AbortController();
  const since = performance.now();
  try {
    const audio = await make(model, request, running.signal);
    send({ type: 'done', audio, milliseconds: performance.now() - since });
  } catch (error) {
    send(running.signal.aborted ? { type: 'error', code: 'aborted', message: 'cancelled' } : failure(error));
  } finally {
    running = undefined;
  }
}

function make(model: Model, request: EngineRequest, signal: AbortSignal): Promise<Tensor> {
  const controls = {
    ...request.controls,
    signal,
    onProgress: (progress: Progress) => {
      send({ type: 'progress', progress });
    },
    onWarning: (warning: string) => send({ type: 'warning', warning }),
    onPreview: request.preview ? (audio: Tensor, step: number) => send({ type: 'preview', audio, step }) : undefined,
  };
  switch (request.pipeline) {
    case 'text-to-audio':
      return textToAudio(model, { ...controls, seconds: request.seconds });
    case 'audio-to-audio':
      return audioToAudio(model, {
        ...controls,
        audio: request.audio,
        seconds: request.seconds,
        initNoiseLevel: request.initNoiseLevel,
      });
    case 'inpaint':
      return inpaint(model, { ...controls, audio: request.audio, regions: request.regions });
    case 'outpaint': {
      const { audio, secondsBefore, secondsAfter } = request;
      return outpaint(model, { ...controls, audio, secondsBefore, secondsAfter });
    }
  }
}
