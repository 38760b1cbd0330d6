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
export async function make(job: Job, pipeline: Pipeline): Promise<void> {
  const { values, file } = job;
  if (values.prompt === undefined)
    throw new UsageError('--prompt is missing; it says what the result should sound like');
  if (values.server !== undefined) return makeRemotely(job, values.prompt, values.server);
  const prompt = values.prompt;
  const folder = findModel(values.model);
  const mix = channelMix(job.channels);
  const controls = controlsOf(job, folder, prompt);
  const settings = engineSettings(values);
  const target = chooseOutput(values.output, values.format, file === undefined ? prompt : stemOf(file), {
    input: file,
    overwrite: values.overwrite,
  });
  const bitDepth = bitDepthOf(values['bit-depth'], target.format);
  const started = performance.now();
  const report = new Report(job);
  try {
    const model = await loaded(job, { folder, settings, report });
    const audio = file === undefined ? undefined : await recording(job, { file, mix, model, folder, report });
    const made = await pipeline(model, audio, {
      ...controls,
      onProgress: (progress) => report.bar.update(progress),
      onWarning: report.warn,
    });
    report.bar.note('writing');
    const tags = resultTags(prompt, controls.seed);
    await writeAudio(target, made, model.sampleRate, { signal: job.signal, bitDepth, tags });
    report.bar.clear();
    const result = {
      ...factsOf(job, controls, model, made),
      output: target.output.path,
      format: target.format,
      model: basename(folder),
      elapsedSeconds: (performance.now() - started) / 1000,
      ...(report.warnings.length > 0 ? { warnings: report.warnings } : {}),
    };
    say(target.output, values.json ? JSON.stringify(result) : sentence(result));
    if (!job.many) await model.release();
  } finally {
    report.bar.clear();
  }
}

type Pipeline = (model: Model, audio: Tensor | undefined, controls: Controls) => Promise<Tensor>;

/** Progress and warnings while a sound is made. */
class Report {
  readonly bar: ProgressBar;
  readonly warnings: string[] = [];
  readonly #json: boolean;

  constructor({ values, many }: Job) {
    this.#json = values.json ?? false;
    this.bar = new ProgressBar(process.stderr, !values.json, many?.place);
  }

  readonly warn = (warning: string): void => {
    this.warnings.push(warning);
    this.bar.clear();
    if (!this.#json) console.error(`retone: ${warning}`);
  };
}

/** The engine's options that the flags give. @throws UsageError when one is out of range, whatever the recording */
function controlsOf(job: Job, folder: string, prompt: string): Controls & { seed: number } {
  const { values } = job;
  const guidance = { guidanceScale: values['guidance-scale'], ...guidanceOptions(values) };
  const ceiling = values.ceiling === undefined || values.ceiling === 'off' ? values.ceiling : Number(values.ceiling);
  checkFlags(folder, { ...job.asked, ceiling, seed: values.seed, steps: values.steps, ...guidance });
  // Before the model is loaded: ONNX Runtime reads the command line of its process, and does not survive a very long one.
  for (const text of [prompt, values['negative-prompt'] ?? '']) checkPrompt(text);
  const sampler = values.sampler as Controls['sampler'];
  if (sampler !== undefined && !Object.hasOwn(samplers, sampler)) {
    throw new UsageError(`--sampler must be ${Object.keys(samplers).join(', ')} (got "${sampler}")`);
  }
  return {
    prompt,
    negativePrompt: values['negative-prompt'],
    steps: values.steps,
    ...guidance,
    seed: values.seed ?? Math.floor(Math.random() * 2 ** 32),
    sampler,
    ceiling,
    signal: job.signal,
  };
}

/** The adapters that the flags name. */
function adaptersOf({ values }: Job) {
  const exclude = values['lora-exclude'];
  return (values.lora ?? []).map((adapter) => (exclude ? { ...adapter, exclude } : adapter));
}

/** The model, which several recordings of one command share. */
async function loaded(
  job: Job,
  { folder, settings, report }: { folder: string; settings: ReturnType<typeof engineSettings>; report: Report },
): Promise<Model> {
  const { bar, warn } = report;
  bar.note('loading the model');
  const load = () =>
    loadModel(folder, {
      ...settings,
      adapters: adaptersOf(job),
      onFold: (done) => bar.draw(done, 'folding the adapters in, once'),
      signal: job.signal,
      onCompile: () => bar.note('compiling the model, once'),
      onFallback: warn,
    });
  return await (job.many?.shared.of(load) ?? load());
}

/** The recording, as long as the model reaches. */
async function recording(
  job: Job,
  {
    file,
    mix,
    model,
    folder,
    report,
  }: { file: string; mix: ReturnType<typeof channelMix>; model: Model; folder: string; report: Report },
): Promise<Tensor> {
  const { audio, more } = await readAudio(file, model.sampleRate, {
    seconds: job.seconds ?? model.maxSeconds,
    mix,
    signal: job.signal,
    onWarning: report.warn,
  });
  if (more && job.seconds === undefined) {
    const longer = `${file} is longer than the ${model.maxSeconds.toFixed(1)} s that ${basename(folder)} reaches`;
    if (job.longer === 'refuse') throw new AudioError('too-long', `${longer}; cut it first`);
    report.warn(`${longer}; the rest is left out`);
  }
  return audio;
}

/** The source and the settings of a result, for the report. */
function factsOf(job: Job, controls: Controls & { seed: number }, model: Model, made: Tensor) {
  const { defaults, sampleRate, precision } = model;
  const adapters = adaptersOf(job);
  return {
    ...(job.file === undefined ? {} : { input: job.file }),
    seconds: made.shape[1]! / sampleRate,
    sampleRate,
    channels: made.shape[0]!,
    prompt: controls.prompt,
    steps: controls.steps ?? defaults.steps,
    sampler: controls.sampler ?? defaults.sampler,
    guidanceScale: controls.guidanceScale ?? defaults.guidanceScale,
    ...job.report,
    ...(adapters.length > 0 ? { loras: adapters } : {}),
    seed: controls.seed,
    precision,
  };
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
