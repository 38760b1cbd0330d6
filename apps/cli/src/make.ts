import { basename } from 'node:path';
import { AudioError } from '@retone/audio';
import { findModel, openCheckpoint } from '@retone/checkpoint';
import {
  type Controls,
  checkOptions,
  checkPrompt,
  EngineError,
  engineSettings,
  loadModel,
  type Model,
  resultTags,
  samplers,
  type Tensor,
} from '@retone/engine';
import { UsageError } from './arguments.ts';
import { bitDepthOf, channelMix } from './flags.ts';
import { guidanceOptions } from './guidance.ts';
import { readAudio, stemOf } from './input.ts';
import type { Job } from './job.ts';
import { chooseOutput, say, writeAudio } from './output.ts';
import { ProgressBar } from './progress.ts';
import { makeRemotely } from './remote.ts';

/** Reads the recording, loads the model, makes the sound, writes it, and says what was done. */
export async function make(
  job: Job,
  pipeline: (model: Model, audio: Tensor | undefined, controls: Controls) => Promise<Tensor>,
): Promise<void> {
  const { values, file, signal } = job;
  if (values.prompt === undefined)
    throw new UsageError('--prompt is missing; it says what the result should sound like');
  if (values.server !== undefined) return makeRemotely(job, values.prompt, values.server);
  const folder = findModel(values.model);
  const mix = channelMix(job.channels);
  const ceiling = values.ceiling === undefined || values.ceiling === 'off' ? values.ceiling : Number(values.ceiling);
  checkFlags(folder, {
    ...job.asked,
    ceiling,
    seed: values.seed,
    steps: values.steps,
    guidanceScale: values['guidance-scale'],
    ...guidanceOptions(values),
  });
  // Before the model is loaded: ONNX Runtime reads the command line of its process, and does not survive a very long one.
  for (const text of [values.prompt, values['negative-prompt'] ?? '']) checkPrompt(text);
  const sampler = values.sampler as Controls['sampler'];
  if (sampler !== undefined && !Object.hasOwn(samplers, sampler)) {
    throw new UsageError(`--sampler must be ${Object.keys(samplers).join(', ')} (got "${sampler}")`);
  }
  const settings = engineSettings(values);
  const target = chooseOutput(values.output, values.format, file === undefined ? values.prompt : stemOf(file), {
    input: file,
    overwrite: values.overwrite,
  });
  const { output, format } = target;
  const bitDepth = bitDepthOf(values['bit-depth'], format);
  const started = performance.now();
  const bar = new ProgressBar(process.stderr, !values.json, job.many?.place);
  try {
    bar.note('loading the model');
    const exclude = values['lora-exclude'];
    const adapters = (values.lora ?? []).map((adapter) => (exclude ? { ...adapter, exclude } : adapter));
    const warnings: string[] = [];
    const onWarning = (warning: string) => {
      warnings.push(warning);
      bar.clear();
      if (!values.json) console.error(`retone: ${warning}`);
    };
    const load = () =>
      loadModel(folder, {
        ...settings,
        adapters,
        onFold: (done) => bar.draw(done, 'folding the adapters in, once'),
        signal,
        onCompile: () => bar.note('compiling the model, once'),
        onFallback: onWarning,
      });
    const model = await (job.many?.shared.of(load) ?? load());
    let audio: Tensor | undefined;
    if (file !== undefined) {
      const seconds = job.seconds ?? model.maxSeconds;
      const read = await readAudio(file, model.sampleRate, { seconds, mix, signal, onWarning });
      audio = read.audio;
      if (read.more && job.seconds === undefined) {
        const longer = `${file} is longer than the ${model.maxSeconds.toFixed(1)} s that ${basename(folder)} reaches`;
        if (job.longer === 'refuse') throw new AudioError('too-long', `${longer}; cut it first`);
        onWarning(`${longer}; the rest is left out`);
      }
    }
    const seed = values.seed ?? Math.floor(Math.random() * 2 ** 32);
    const controls: Controls = {
      prompt: values.prompt,
      negativePrompt: values['negative-prompt'],
      seed,
      steps: values.steps,
      guidanceScale: values['guidance-scale'],
      ...guidanceOptions(values),
      sampler,
      ceiling,
      signal,
      onProgress: (progress) => bar.update(progress),
      onWarning,
    };
    const made = await pipeline(model, audio, controls);
    bar.note('writing');
    await writeAudio(target, made, model.sampleRate, { signal, bitDepth, tags: resultTags(values.prompt, seed) });
    bar.clear();
    const { defaults, sampleRate } = model;
    const result = {
      ...(file === undefined ? {} : { input: file }),
      output: output.path,
      format,
      seconds: made.shape[1]! / sampleRate,
      sampleRate,
      channels: made.shape[0]!,
      model: basename(folder),
      prompt: values.prompt,
      steps: values.steps ?? defaults.steps,
      sampler: sampler ?? defaults.sampler,
      guidanceScale: values['guidance-scale'] ?? defaults.guidanceScale,
      ...job.report,
      ...(adapters.length > 0 ? { loras: adapters } : {}),
      seed,
      precision: model.precision,
      elapsedSeconds: (performance.now() - started) / 1000,
      ...(warnings.length > 0 ? { warnings } : {}),
    };
    say(output, values.json ? JSON.stringify(result) : sentence(result));
    if (!job.many) await model.release();
  } finally {
    bar.clear();
  }
}

/** @throws UsageError when a flag is out of range, whatever the recording */
function checkFlags(folder: string, options: Parameters<typeof checkOptions>[1]): void {
  const { config, file, text } = openCheckpoint(folder);
  file.close();
  text?.file.close();
  const { sample_rate: sampleRate, sample_size: samples } = config;
  try {
    checkOptions({ sampleRate, maxSeconds: samples / sampleRate }, options);
  } catch (error) {
    throw error instanceof EngineError ? new UsageError(error.message) : error;
  }
}

/** A summary for people. */
function sentence(result: {
  input?: string;
  output: string;
  seconds: number;
  model: string;
  prompt: string;
  steps: number;
  sampler: string;
  guidanceScale: number;
  initNoiseLevel?: unknown;
  seed: number;
  elapsedSeconds: number;
}): string {
  const level = result.initNoiseLevel === undefined ? '' : `noise level ${result.initNoiseLevel}, `;
  return [
    `${result.input ? `${result.input} -> ` : ''}${result.output}`,
    `  "${result.prompt.length > 100 ? `${result.prompt.slice(0, 99)}…` : result.prompt}"`,
    `  ${result.model}, ${result.steps} ${result.sampler} steps, ${level}guidance ${result.guidanceScale}, seed ${result.seed}`,
    `  ${result.seconds.toFixed(1)} s of sound in ${result.elapsedSeconds.toFixed(1)} s`,
  ].join('\n');
}
