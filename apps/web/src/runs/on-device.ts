import type { TaskResult } from '@retone/contract';
import { loadSource } from '../bench/load.ts';
import { deviceEngine, prepareDevice, usePreparation } from '../device/device.ts';
import { resultTask } from '../device/results.ts';
import { ServiceError } from '../service/client.ts';
import { bufferOf } from '../sound/sounds.ts';
import { findSource, type Run } from '../state/bench.ts';
import { takesSource } from '../state/verbs.ts';
import { setProgress } from './progress.ts';

/**
 * Carries out a run in this page.
 *
 * @returns its task, whose result this browser keeps
 * @throws DeviceError when it cannot be carried out
 */
export async function onDevice(run: Run, signal: AbortSignal): Promise<TaskResult | undefined> {
  const known = await resultTask(run.id);
  if (known) return known;
  const stop = usePreparation.subscribe(({ share }) => setProgress(run.id, { phase: 'downloading', sent: share }));
  await prepareDevice().finally(stop);
  setProgress(run.id, { phase: 'waiting' });
  const { audio: _, enable_preview: _preview, ...input } = run.input;
  const audio = await recordingOf(run);
  await deviceEngine().run(
    { id: run.id, model: run.model, input, audio },
    {
      signal,
      onBegin: () => setProgress(run.id, { phase: 'processing' }),
      onProgress: (progress) => setProgress(run.id, { phase: 'processing', news: { ...news, progress } }),
    },
  );
  return resultTask(run.id);
}

const news = { status: 'processing', error: '', error_code: '', tasks_ahead: null, seconds_left: null } as const;

/** The samples of a run's recording, in memory of their own: they go to the worker. */
async function recordingOf(run: Run) {
  if (!takesSource(run.verb)) return undefined;
  const source = findSource(run.sourceId);
  if (!source) throw new ServiceError(404, 'unknown_file', 'this browser no longer has the recording');
  const buffer = await bufferOf(source.id, loadSource(source));
  const { numberOfChannels: channels, length } = buffer;
  const data = new Float32Array(channels * length);
  for (let c = 0; c < channels; c++) buffer.copyFromChannel(data.subarray(c * length, (c + 1) * length), c);
  return { data, shape: [channels, length] };
}
