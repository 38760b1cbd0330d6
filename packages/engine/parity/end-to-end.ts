import { elementsOf } from '@retone/common';
import type { Tensor } from '@retone/runtime';
import { generate } from '../src/generate.ts';
import type { GenerateOptions } from '../src/generation/options.ts';
import type { Region } from '../src/lengths.ts';
import type { Model } from '../src/model.ts';
import type { NoiseSource } from '../src/sampling/noise.ts';
import { oneSchedule } from './diffusion.ts';
import { type Case, signal } from './fixture.ts';
import { type Parts, paddingOf } from './parts.ts';
import { excerpts, type Results, stack } from './tensors.ts';

/** Elements of a batch are independent of each other but for the common number of frames, so each runs alone. */
export async function endToEnd(parts: Parts, each: Case): Promise<Results> {
  const model = await parts.model(paddingOf(each));
  const { params } = each;
  // Defaults of the reference's generate(), whatever the model.
  model.config.sample_size = params.sample_size ?? 5292032;
  const batch = params.batch_size ?? 1;
  const at = <Value>(value: Value | Value[], i: number): Value => (Array.isArray(value) ? value[i]! : value);
  const durations: number[] = Array.from({ length: batch }, (_, i) => at<number>(params.duration, i));
  const collected: Record<string, Tensor[]> = {};
  for (let b = 0; b < batch; b++) {
    const collect = (name: string, value: Tensor) => {
      collected[name] = [...(collected[name] ?? []), value];
    };
    const noise: NoiseSource = {
      draw: (index, channels, frames) => {
        const recorded = parts.fixture.input(each, index === 0 ? 'noise_init' : `noise_${index - 1}`);
        // The last step of ping-pong multiplies its noise by 0; some cases leave it out.
        return recorded
          ? recorded.data.slice(b * channels * frames, (b + 1) * channels * frames)
          : new Float32Array(channels * frames);
      },
    };
    const audio = await generate(model, {
      ...sourceOptions(params),
      conditions: await parts.otherConditions(params),
      prompt: at<string>(params.prompt, b),
      negativePrompt: params.negative_prompt === undefined ? undefined : at<string>(params.negative_prompt, b),
      seconds: durations[b]!,
      longestSeconds: Math.max(...durations),
      steps: params.steps,
      sampler: params.sampler_type,
      guidanceScale: params.cfg_scale ?? 1,
      apgScale: params.apg_scale,
      paddingSeconds: params.duration_padding_sec,
      schedule: params.schedule ?? 'reference',
      ceiling: 'off',
      noise,
      inspect: (name, value) => collect(name, { data: value.data.slice(), shape: value.shape }),
    });
    if ('audio' in each.outputs || 'audio_excerpts' in each.outputs) collect('audio', audio);
  }
  if (collected.audio && new Set(durations).size > 1) collected.audio = await uncut(model, collected);
  const results: Results = Object.fromEntries(
    Object.entries(collected).map(([name, values]) => {
      const shape = values[0]!.shape;
      const inner = shape[0] === 1 && shape.length > 1 ? shape.slice(1) : shape;
      return [name, { data: stack(values.map((value) => value.data)).data, shape: [values.length, ...inner] }];
    }),
  );
  const local = results.local_add_cond;
  const expected = each.outputs.local_add_cond?.shape;
  // A zero condition is kept as one frame that stands for all.
  if (local && expected && local.shape.at(-1) === 1) {
    results.local_add_cond = { data: new Float32Array(elementsOf(expected)), shape: expected };
  }
  const { sigmas } = each.outputs;
  if (batch > 1 && sigmas?.shape.length === 1) results.sigmas = oneSchedule(collected.sigmas!.map(({ data }) => data));
  return {
    ...results,
    denoised_first: results.denoised_0,
    denoised_last: results[`denoised_${params.steps - 1}`],
    audio_excerpts: excerpts(results.audio, params.excerpts),
  };
}

/** The source and the regions of an end-to-end case. */
function sourceOptions(params: Case['params']): Pick<GenerateOptions, 'source' | 'initNoiseLevel' | 'inpaint'> {
  const list = (value: number | number[] | undefined) => (value === undefined ? [] : [value].flat());
  const starts = list(params.inpaint_mask_start_seconds);
  const ends = list(params.inpaint_mask_end_seconds);
  const regions: Region[] = starts.map((start, i) => ({ start, end: ends[i]! }));
  // Without a region everything is generated.
  if (regions.length === 0) regions.push({ start: 0, end: Number.POSITIVE_INFINITY });
  return {
    source: params.init_audio && signal(params.init_audio.signal),
    initNoiseLevel: params.init_noise_level,
    inpaint: params.inpaint_audio && { audio: signal(params.inpaint_audio.signal), regions },
  };
}

/** With durations that differ in a batch the reference cuts no result: each is silent behind its valid frames. */
function uncut(model: Model, { latents, padding_mask: masks }: Record<string, Tensor[]>): Promise<Tensor[]> {
  return Promise.all(
    latents!.map(async (each, b) => {
      const { data, shape } = await model.pretransform.decode(each);
      const audible = (i: number) =>
        masks![b]!.data[Math.floor((i % shape[1]!) / model.pretransform.downsamplingRatio)];
      return { data: data.map((value, i) => (audible(i) ? Math.min(Math.max(value, -1), 1) : 0)), shape };
    }),
  );
}
