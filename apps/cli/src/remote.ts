import { openAsBlob } from 'node:fs';
import { basename } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { probeAudio } from '@retone/audio';
import { type Input, type ModelName, Retone, type Task, type TaskEvent } from '@retone/client';
import type { WritableFormat } from '@retone/contract';
import { UsageError } from './arguments.ts';
import { remote } from './connection.ts';
import { bitDepthOf } from './flags.ts';
import { stemOf } from './input.ts';
import type { Job } from './job.ts';
import { chooseOutput, type Output, say } from './output.ts';
import { ProgressBar } from './progress.ts';

/** Shortest result of a service in seconds. */
const shortest = 1;

/** Flags that mean the same on a service; it decides the others itself. */
const shared = ['prompt', 'negative-prompt', 'seed', 'steps', 'guidance-scale'];
const own = ['duration', 'init-noise-level', 'region', 'before', 'after'];
const writing = ['output', 'overwrite', 'format', 'bit-depth', 'json', 'server'];

/** Makes sound on a service instead of this machine. @throws UsageError on flags that a service does not take */
export async function makeRemotely(job: Job, prompt: string, server: string): Promise<void> {
  const { values, file, signal, many } = job;
  const refused = Object.keys(values).find((name) => ![...shared, ...own, ...writing].includes(name));
  if (refused) throw new UsageError(`--${refused} must be left out with --server: the service decides`);
  const retone = new Retone(remote(server));
  const base = file === undefined ? prompt : stemOf(file);
  const target = chooseOutput(values.output, values.format, base, { input: file, overwrite: values.overwrite });
  const started = performance.now();
  const bar = new ProgressBar(process.stderr, !values.json, many?.place);
  try {
    const task = await run(retone, job, { prompt, format: target.format, bar });
    bar.note('downloading');
    const response = await retone.download(task.outputs[0]!, { signal });
    await target.output.write(new Uint8Array(await response.arrayBuffer()));
    bar.clear();
    report(job, task, target, (performance.now() - started) / 1000);
  } finally {
    bar.clear();
  }
}

async function run(
  retone: Retone,
  { values, file, signal, remote: { model, input } }: Job,
  { prompt, format, bar }: { prompt: string; format: WritableFormat; bar: ProgressBar },
): Promise<Task> {
  if (file !== undefined) bar.note('uploading');
  const recording = file === undefined ? {} : await uploaded(retone, file, model, signal);
  const parameters = {
    ...recording,
    prompt,
    output_format: format,
    output_bit_depth: bitDepthOf(values['bit-depth'], format),
    negative_prompt: values['negative-prompt'],
    seed: values.seed,
    num_inference_steps: values.steps,
    guidance_scale: values['guidance-scale'],
    ...Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined)),
  };
  // JSON leaves out what is undefined.
  return retone.run(model, parameters as unknown as Input<typeof model>, {
    signal,
    onEvent: ({ status, progress, tasks_ahead: ahead }: TaskEvent) => {
      if (progress) bar.update(progress as Parameters<ProgressBar['update']>[0]);
      else bar.note(status === 'created' && ahead ? `waiting: ${ahead} tasks ahead` : 'waiting');
    },
  });
}

function report(
  { values, file }: Job,
  { id, seed, warnings }: Task,
  { output, format }: { output: Output; format: WritableFormat },
  elapsedSeconds: number,
): void {
  const input = file === undefined ? {} : { input: file };
  const result = {
    ...input,
    output: output.path,
    format,
    task: id,
    seed,
    elapsedSeconds,
    ...(warnings ? { warnings } : {}),
  };
  if (!values.json) for (const warning of warnings ?? []) console.error(`retone: ${warning}`);
  const words = `${output.path}\n  task ${id}, seed ${seed}, ${elapsedSeconds.toFixed(1)} s`;
  say(output, values.json ? JSON.stringify(result) : `${file === undefined ? '' : `${file} -> `}${words}`);
}

/** The recording on the service, and for a transform its length: the service would make 30 s of any. */
async function uploaded(retone: Retone, file: string, model: ModelName, signal: AbortSignal) {
  const bytes = file === '-' ? new Uint8Array(await buffer(process.stdin)) : undefined;
  const { duration } = await probeAudio(bytes ?? file, { name: 'standard input', signal });
  const blob = bytes ? new Blob([bytes]) : await openAsBlob(file);
  const audio = await retone.upload(blob, basename(file), { signal });
  return model === 'audio-to-audio' ? { audio, duration: Math.max(shortest, duration ?? shortest) } : { audio };
}
