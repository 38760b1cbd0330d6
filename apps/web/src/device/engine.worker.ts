import { checkInput, isModelId, modelOf, type ParameterFault, type TaskResult } from '@retone/contract';
import {
  answering,
  channelsOf,
  EngineError,
  engineRequest,
  type FromEngine,
  failure,
  fitToRecording,
  loadModel,
  MemoryFiles,
  type Model,
  type Tensor,
  type ToEngine,
} from '@retone/engine';
import { configureRuntime } from '@retone/runtime/web';
import { wavFile } from '../sound/wav.ts';
import { download } from './download.ts';
import type { DeviceTask, FromDevice, ToDevice } from './messages.ts';
import { keepResult, resultUrl } from './results.ts';

// The worker that has the engine: the page stays free while it computes, and results are kept from here.

let model: Model;
let answer: (message: ToEngine) => void;
/** The task that is being computed. */
let current: TaskResult | undefined;

addEventListener('message', async ({ data }: MessageEvent<ToDevice>) => {
  try {
    if (data.type === 'start') await start(data.folder);
    else if (data.type === 'task') begin(data.task);
    else answer(data);
  } catch (error) {
    send(failure(error));
  }
});

function send(message: FromEngine | FromDevice): void {
  if (message.type === 'done') void keep(message.audio, message.milliseconds);
  else if (message.type === 'warning') current?.warnings?.push(message.warning);
  else postMessage(message);
}

async function start(folder: string): Promise<void> {
  const files = await download(folder, (done, total) => send({ type: 'downloading', done, total }));
  configureRuntime({ wasm: files.get('ort.wasm')!, script: new URL('ort.mjs', folder).href });
  model = await loadModel('model', { files: new MemoryFiles(files) });
  answer = answering(model, send);
}

/** Checks a task as the service does, and begins to compute it. */
function begin({ id, model: modelId, input: given, audio }: DeviceTask): void {
  if (!isModelId(modelId)) throw new EngineError('invalid-argument', `there is no model ${modelId}`);
  const { maxSeconds, defaults } = model;
  const { steps, guidanceScale } = defaults;
  const limits = { maxSeconds, totalSeconds: maxSeconds, steps, guidanceScale };
  const checked = checkInput(modelOf(modelId, limits), { ...given, ...(audio && { audio: 'recording' }) });
  if ('faults' in checked) throw new EngineError('invalid-argument', faultsOf(checked.faults));
  const { input, warnings } = checked;
  const seed = input.seed === undefined || input.seed < 0 ? Math.floor(Math.random() * 2 ** 32) : input.seed;
  const fitted = audio ? fitToRecording(input, audio.shape[1]! / model.sampleRate, maxSeconds) : input;
  current = taskOf(id, modelId, given, seed, warnings);
  answer({ type: 'run', request: engineRequest(modelId, fitted, seed, audio) });
}

const faultsOf = (faults: readonly ParameterFault[]) =>
  faults.map(({ parameter, given, accepted }) => `${parameter} must be ${accepted} (got ${given})`).join('; ');

function taskOf(
  id: string,
  modelId: string,
  input: Record<string, unknown>,
  seed: number,
  warnings: string[],
): TaskResult {
  return {
    id,
    model: modelId,
    outputs: [resultUrl(id)],
    urls: { get: '' },
    has_nsfw_contents: [false],
    status: 'completed',
    created_at: new Date().toISOString(),
    error: '',
    error_code: '',
    warnings,
    timings: { inference: 0 },
    executionTime: 0,
    seed,
    input,
  };
}

async function keep(audio: Tensor, milliseconds: number): Promise<void> {
  try {
    const inference = Math.round(milliseconds);
    const task = { ...current!, timings: { inference }, executionTime: inference };
    await keepResult(task, wavFile(channelsOf(audio), model.sampleRate));
    send({ type: 'kept' });
  } catch (error) {
    send(failure(error));
  }
}
