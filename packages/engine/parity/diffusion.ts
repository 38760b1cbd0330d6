import { parseSamplingShift, type SamplingShift, Weights, within } from '@retone/checkpoint';
import type { Tensor } from '@retone/runtime';
import { foldedInMemory } from '../src/adapters/fold.ts';
import { exactBackend } from '../src/backends/exact.ts';
import { zeroPaddedRows } from '../src/conditioning/conditioners.ts';
import { Dit, type DitConditions, type PreparedConditions } from '../src/networks/dit.ts';
import { guide } from '../src/sampling/guidance.ts';
import { type SamplerStep, samplers } from '../src/sampling/samplers.ts';
import { noiseSchedule } from '../src/sampling/schedule.ts';
import type { Case } from './fixture.ts';
import { type Parts, paddingOf } from './parts.ts';
import { batchElement, join2, type Results, stack, vector } from './tensors.ts';

// The diffusion transformer, with adapters and guidance; samplers and schedules.

export async function timestep(parts: Parts, { params }: Case): Promise<Results> {
  const dit = await parts.probedDit();
  const { io_channels: channels } = dit.config;
  const times: number[] = params.t;
  const conditions = await anyConditions(dit);
  const embeddings = [];
  for (const t of times) {
    const outputs = await dit.run({ data: new Float32Array(channels), shape: [1, channels, 1] }, [t], conditions);
    embeddings.push(outputs.timestep_embed!.data);
  }
  return { features: stack(times.map((t) => dit.timestepFeatures(t))), embedding: stack(embeddings) };
}

export async function dit(parts: Parts, each: Case): Promise<Results> {
  const padding = paddingOf(each);
  const dit = await parts.probedDit(padding);
  const x = parts.fixture.required(each, 'x');
  const times = [...parts.fixture.required(each, 't').data];
  const given = parts.ditConditions(each);
  const valid = parts.fixture.input(each, 'padding_mask');
  const scale = each.params.cfg_scale ?? 1;
  const unguided = scale === 1 || !given.cross;
  if (unguided && padding === 'omit' && times.length > 1) {
    // Elements may have different numbers of valid frames, which one run of the graph cannot leave out.
    const velocities = [];
    for (const [b, t] of times.entries()) {
      const element = (tensor: Tensor | undefined) => tensor && batchElement(tensor, b);
      const own = { cross: element(given.cross), global: element(given.global), local: element(given.local) };
      const { velocity } = await dit.run(element(x)!, [t], await dit.condition(own), element(valid));
      velocities.push(velocity!.data);
    }
    return { v: { data: stack(velocities).data, shape: x.shape } };
  }
  if (unguided) {
    const conditions = await dit.condition(given);
    const outputs = await dit.run(x, times, conditions, valid);
    return { ...conditions, ...outputs, v: outputs.velocity, output: outputs.velocity };
  }
  // Guidance works on one element at a time, as in generation.
  const velocities = [];
  for (const [b, t] of times.entries()) {
    const element = (tensor: Tensor | undefined) => tensor && batchElement(tensor, b);
    const { cross, global, local } = given;
    const own = { cross: element(cross)!, global: element(global), local: element(local) };
    velocities.push(await guided(parts, each, dit, element(x)!, t, own, element(valid), element));
  }
  return { v: { data: stack(velocities).data, shape: x.shape } };
}

/** The guided velocity of one element of a case. */
async function guided(
  parts: Parts,
  each: Case,
  dit: Dit,
  x: Tensor,
  t: number,
  { cross, global, local }: DitConditions & { cross: Tensor },
  valid: Tensor | undefined,
  element: (tensor: Tensor | undefined) => Tensor | undefined,
): Promise<Float32Array> {
  const given = element(parts.fixture.input(each, 'negative_cross_attn_cond'));
  const mask = element(parts.fixture.input(each, 'negative_cross_attn_mask'));
  const negative = !given
    ? { data: new Float32Array(cross.data.length), shape: cross.shape }
    : mask
      ? zeroPaddedRows(given, mask.data)
      : given;
  const conditions = await dit.condition({ cross: join2(cross, negative), global, local });
  const both = (await dit.run(join2(x, x), [t, t], conditions, valid && join2(valid, valid))).velocity!.data;
  const [conditional, other] = [both.subarray(0, x.data.length), both.subarray(x.data.length)];
  const frames = x.shape[2]!;
  const validFrames = valid ? valid.data.reduce((a, b) => a + b, 0) : frames;
  return guide(x.data, t, conditional, other, frames, {
    scale: each.params.cfg_scale,
    apgScale: each.params.apg_scale ?? 1,
    validFrames,
  });
}

export async function sampler(parts: Parts, each: Case): Promise<Results> {
  const dit = await parts.probedDit(paddingOf(each));
  const { params } = each;
  const x = parts.fixture.required(each, 'x');
  const [batch, channels, frames] = x.shape as [number, number, number];
  const conditions = await dit.condition(parts.ditConditions(each));
  const { config } = await parts.checkpoint();
  const shift = config.model.diffusion.sampling_distribution_shift_options;
  const sigmas = noiseSchedule({ steps: params.steps, sigmaMax: params.sigma_max, shift, frames, kind: 'reference' });
  const states: Record<string, Float32Array[]> = {};
  const keep = (role: string, values: ArrayLike<number>) => {
    states[role] = [...(states[role] ?? []), Float32Array.from(values)];
  };
  for (let b = 0; b < batch; b++) {
    const element = (tensor: Tensor) => tensor.data.slice(b * channels * frames, (b + 1) * channels * frames);
    const final = await samplers[params.sampler as keyof typeof samplers](element(x), {
      velocity: async (latents, t) =>
        (await dit.run({ data: latents, shape: [1, channels, frames] }, [t], conditions)).velocity!.data,
      sigmas,
      noise: (step) => element(parts.fixture.required(each, `noise_${step}`)),
      onStep({ index, x: state, denoised }: SamplerStep) {
        keep(`x_${index}`, state);
        keep(`denoised_${index}`, denoised);
      },
    });
    keep('final', final);
    keep('sigmas', sigmas);
  }
  const recorded = each.outputs.sigmas!.shape;
  const shape = [batch, channels, frames];
  return {
    ...Object.fromEntries(Object.entries(states).map(([role, values]) => [role, { data: stack(values).data, shape }])),
    sigmas: {
      data: recorded.length === 2 ? stack(states.sigmas!).data : Float32Array.from(sigmas),
      shape: recorded,
    },
  };
}

export async function adapters(parts: Parts, each: Case): Promise<Results> {
  const { params } = each;
  const adapters = params.files.map((file: string, i: number) => ({
    path: within(parts.fixture.folder, file),
    strength: params.strengths[i],
  }));
  const checkpoint = await parts.checkpoint();
  const { file } = await foldedInMemory(checkpoint, adapters, { rules: 'reference', files: parts.fixture.files });
  const weights = new Weights(file);
  const dit = await Dit.load(checkpoint.config.model.diffusion.config, weights, {
    backend: exactBackend(parts.options),
  });
  const number = await parts.number(weights);
  const conditions = await dit.condition(parts.ditConditions(each));
  const outputs = await dit.run(
    parts.fixture.required(each, 'x'),
    [...parts.fixture.required(each, 't').data],
    conditions,
  );
  await dit.release();
  weights.file.close();
  return {
    v: outputs.velocity,
    seconds_embedding: stack(
      await Promise.all(params.seconds.map(async (seconds: number) => (await number.rows(seconds)).data)),
    ),
  };
}

/** Conditions of zeros, for looking at parts that do not depend on them. */
async function anyConditions(dit: Dit): Promise<PreparedConditions> {
  const { cond_token_dim: cross, global_cond_dim: global } = dit.config;
  return dit.condition({
    cross: { data: new Float32Array(cross), shape: [1, 1, cross] },
    global: { data: new Float32Array(global), shape: [1, global] },
  });
}

export function schedule({ params, outputs }: Case): Results {
  const lengths: (number | null)[] = [params.seq_len].flat();
  const make = (frames: number | null) => {
    return noiseSchedule({
      steps: params.steps,
      sigmaMax: params.sigma_max,
      shift: (params.shift ? parseSamplingShift(params.shift) : { type: 'none' }) as SamplingShift,
      frames: frames ?? 1,
      kind: 'reference',
    });
  };
  const rows = lengths.map((frames) => Float32Array.from(make(frames)));
  const { shape } = outputs.sigmas!;
  return { sigmas: shape.length === 1 ? oneSchedule(rows) : { data: stack(rows).data, shape } };
}

/**
 * The schedule that the reference makes for a whole batch. A batch of steps + 1 elements degenerates to it: its i-th point
 * is then the i-th element's.
 */
export function oneSchedule(rows: Float32Array[]): Tensor {
  const points = rows[0]!.length;
  return vector(rows.length === points ? rows.map((row, i) => row[i]!) : [...rows[0]!]);
}
