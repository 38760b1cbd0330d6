import { openAsBlob } from 'node:fs';
import { basename } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { type Input, Retone, type Task, type TaskEvent } from '@retone/client';
import type { WritableFormat } from '@retone/contract';
import { UsageError } from './arguments.ts';
import { remote } from './connection.ts';
import { stemOf } from './input.ts';
import type { Job, RemoteTask } from './job.ts';
import { chooseOutput, type Output, say } from './output.ts';
import { ProgressBar } from './progress.ts';

/** Flags that choose how this machine computes or writes; a service decides that itself. */
const local = ['bit-depth', 'ceiling', 'sampler', 'lora', 'model', 'precision', 'device', 'threads'] as const;

/** Makes sound on a service instead of this machine. @throws UsageError on flags that a service does not take */
export async function makeRemotely(job: Job, prompt: string, server: string): Promise<void> {
  const { values, file, signal, many } = job;
  const refused = local.find((name) => values[name] !== undefined);
  if (refused) throw new UsageError(`--${refused} must be left out with --server: the service decides`);
  if (!job.remote) throw new UsageError('--region must be given once with --server');
  const retone = new Retone(remote(server));
  const base = file === undefined ? prompt : stemOf(file);
  const target = chooseOutput(values.output, values.format, base, { input: file, overwrite: values.overwrite });
  const started = performance.now();
  const bar = new ProgressBar(process.stderr, !values.json, many?.place);
  try {
    const task = await run(retone, job, job.remote, { prompt, format: target.format, bar });
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
  { values, file, signal }: Job,
  { model, input }: RemoteTask,
  { prompt, format, bar }: { prompt: string; format: WritableFormat; bar: ProgressBar },
): Promise<Task> {
  if (file !== undefined) bar.note('uploading');
  const audio = file && (await retone.upload(await blobOf(file), basename(file), { signal }));
  const parameters = {
    audio,
    prompt,
    output_format: format,
    negative_prompt: values['negative-prompt'],
    seed: values.seed,
    num_inference_steps: values.steps,
    guidance_scale: values['guidance-scale'],
    ...input,
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

async function blobOf(file: string): Promise<Blob> {
  if (file === '-') return new Blob([await buffer(process.stdin)]);
  try {
    return await openAsBlob(file);
  } catch {
    throw new Error(`there is no file ${file} that can be read`);
  }
}
