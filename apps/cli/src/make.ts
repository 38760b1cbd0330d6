import { basename, extname } from 'node:path';
import { findModel } from '@retone/checkpoint';
import {
  type Controls,
  checkPrompt,
  defaultPrecision,
  devices,
  engineSettings,
  Model,
  precisions,
  samplers,
  type Tensor,
} from '@retone/engine';
import { type Flags, UsageError, type Values } from './arguments.ts';
import { formatFlag, jsonFlag, modelFlag, outputFlag } from './flags.ts';
import { readAudio } from './input.ts';
import { chooseOutput, writeAudio } from './output.ts';
import { ProgressBar } from './progress.ts';

/** Flags of every command that makes sound. */
export const makeFlags = {
  prompt: { type: 'string', short: 'p', value: 'text', help: 'what the result should sound like' },
  'negative-prompt': {
    type: 'string',
    value: 'text',
    help: 'what it should not; counts with a guidance scale above 1',
  },
  output: outputFlag,
  format: formatFlag,
  seed: { type: 'number', help: 'same seed, same result; default: a random one, which is printed' },
  steps: { type: 'number', help: "default: the model's own" },
  'guidance-scale': { type: 'number', help: "how strictly to follow the prompt; default: the model's own" },
  sampler: { type: 'string', value: 'name', help: `${Object.keys(samplers).join(', ')}; default: the model's own` },
  lora: {
    type: 'adapter',
    multiple: true,
    value: 'file:strength',
    help: 'an adapter for the model, and how strongly it counts (default 1; 0 off, negative reverses); may be repeated',
  },
  model: modelFlag,
  precision: { type: 'string', value: 'name', help: `${precisions.join(', ')}; default ${defaultPrecision}` },
  device: { type: 'string', value: 'name', help: `${devices.join(', ')}; default auto: the processor` },
  threads: { type: 'number', help: 'default: one per core that may be used' },
  json: jsonFlag,
} satisfies Flags;

interface Job {
  values: Values<typeof makeFlags>;
  /** The recording to start from. */
  file?: string;
  signal: AbortSignal;
  /** What the command's own flags came to, for the report. */
  report?: Record<string, unknown>;
}

/** Reads the recording, loads the model, makes the sound, writes it, and says what was done. */
export async function make(
  job: Job,
  pipeline: (model: Model, audio: Tensor | undefined, controls: Controls) => Promise<Tensor>,
): Promise<void> {
  const { values, file, signal } = job;
  if (values.prompt === undefined)
    throw new UsageError('--prompt is missing; it says what the result should sound like');
  // Before the model is loaded: ONNX Runtime reads the command line of its process, and does not survive a very long one.
  for (const text of [values.prompt, values['negative-prompt'] ?? '']) checkPrompt(text);
  const sampler = values.sampler as Controls['sampler'];
  if (sampler !== undefined && !Object.hasOwn(samplers, sampler)) {
    throw new UsageError(`--sampler is "${sampler}"; it takes ${Object.keys(samplers).join(', ')}`);
  }
  const output = chooseOutput(
    values.output,
    values.format,
    file === undefined ? values.prompt : basename(file, extname(file)),
  );
  const folder = findModel(values.model);
  const started = performance.now();
  const bar = new ProgressBar(process.stderr, !values.json);
  try {
    bar.note('loading the model');
    const adapters = values.lora ?? [];
    const model = await Model.load(folder, {
      ...engineSettings(values),
      adapters,
      onFold: (done) => bar.draw(done, 'folding the adapters in, once'),
      signal,
      onCompile: () => bar.note('compiling the model, once'),
      onFallback: (message) => console.error(`retone: ${message}`),
    });
    const audio = file === undefined ? undefined : await readAudio(file, model.sampleRate, signal);
    const warnings: string[] = [];
    const seed = values.seed ?? Math.floor(Math.random() * 2 ** 32);
    const controls: Controls = {
      prompt: values.prompt,
      negativePrompt: values['negative-prompt'],
      seed,
      steps: values.steps,
      guidanceScale: values['guidance-scale'],
      sampler,
      signal,
      onProgress: (progress) => bar.update(progress),
      onWarning: (warning) => warnings.push(warning),
    };
    const made = await pipeline(model, audio, controls);
    bar.note('writing');
    await writeAudio(output, made, model.sampleRate, signal);
    bar.clear();
    const { defaults, sampleRate } = model;
    const result = {
      ...(file === undefined ? {} : { input: file }),
      output: output.path,
      format: output.format,
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
    if (!values.json) for (const warning of warnings) console.error(`retone: ${warning}`);
    console.log(values.json ? JSON.stringify(result) : sentence(result));
    await model.release();
  } finally {
    bar.clear();
  }
}

/** What was done, for people. */
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
