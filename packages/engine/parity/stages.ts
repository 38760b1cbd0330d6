import {
  type AutoencoderConfig,
  openCheckpoint,
  parseSamplingShift,
  type SamplingShift,
  Weights,
  within,
} from '@retone/checkpoint';
import { elementsOf } from '@retone/common';
import type { SessionOptions, Tensor } from '@retone/runtime';
import { foldedInMemory } from '../src/adapters/fold.ts';
import { exactBackend } from '../src/backends/exact.ts';
import {
  Conditioners,
  type Conditioning,
  NumberConditioner,
  PromptConditioner,
  zeroPaddedRows,
} from '../src/conditioning/conditioners.ts';
import { generate } from '../src/generate.ts';
import type { GenerateOptions } from '../src/generation/options.ts';
import type { Region } from '../src/lengths.ts';
import { loadModel } from '../src/load.ts';
import type { Model } from '../src/model.ts';
import { Dit, type DitConditions, type PaddingMode, type PreparedConditions } from '../src/networks/dit.ts';
import { TextEncoder } from '../src/networks/t5gemma.ts';
import { Same } from '../src/pretransforms/same.ts';
import { Spectral } from '../src/pretransforms/spectral.ts';
import { guide } from '../src/sampling/guidance.ts';
import type { NoiseSource } from '../src/sampling/noise.ts';
import { type SamplerStep, samplers } from '../src/sampling/samplers.ts';
import { noiseSchedule } from '../src/sampling/schedule.ts';
import { type Case, type Fixture, signal } from './fixture.ts';

// Runs each kind of recorded case through the engine's own parts, the way generation uses them. What an engine option
// selects (padding mode, schedule, noise) is set to what the reference did when the cases were recorded.

export type Results = Record<string, Tensor | undefined>;

const pretransformPrefix = 'pretransform.model';

/** The engine's parts for one fixture, loaded as cases ask for them. */
export class Engine {
  readonly #fixture: Fixture;
  readonly #options: SessionOptions;
  readonly #loaded = new Map<string, Promise<unknown>>();

  constructor(fixture: Fixture, options: SessionOptions = {}) {
    this.#fixture = fixture;
    this.#options = options;
  }

  /** Runs a case and returns its outputs by role. */
  async run(each: Case): Promise<Results> {
    if (each.name.startsWith('tok/')) return this.#tokenizer(each);
    if (each.name.startsWith('text/'))
      return each.name.endsWith('/conditioner') ? this.#promptConditioner(each) : this.#textEncoder(each);
    if (each.name.startsWith('seconds/')) return this.#seconds(each);
    if (each.name.startsWith('timestep/')) return this.#timestep(each);
    if (each.name.startsWith('cond/')) return this.#conditions(each);
    if (each.name.startsWith('dit/')) return this.#dit(each);
    if (each.name.startsWith('sampler/')) return this.#sampler(each);
    if (each.name.startsWith('ae/')) return this.#autoencoder(each);
    if (each.name.startsWith('e2e/')) return this.#endToEnd(each);
    if (each.name.startsWith('lora/')) return this.#adapters(each);
    if (each.stage.startsWith('schedule')) return schedule(each);
    throw new Error(`no stage for ${each.name}`);
  }

  #once<Part>(key: string, load: () => Promise<Part>): Promise<Part> {
    if (!this.#loaded.has(key)) this.#loaded.set(key, load());
    return this.#loaded.get(key) as Promise<Part>;
  }

  #checkpoint() {
    return this.#once('checkpoint', async () => openCheckpoint(this.#fixture.folder, this.#fixture.files));
  }

  async #weights() {
    return new Weights((await this.#checkpoint()).file);
  }

  #model(padding: PaddingMode) {
    return this.#once(`model ${padding}`, () =>
      loadModel(this.#fixture.folder, { ...this.#options, files: this.#fixture.files, padding }),
    );
  }

  #probedDit(padding: PaddingMode = 'zero-values') {
    return this.#once(`dit ${padding}`, async () => {
      const { config } = await this.#checkpoint();
      const backend = exactBackend(this.#options);
      return Dit.load(config.model.diffusion.config, await this.#weights(), { backend, padding, probes: true });
    });
  }

  #promptParts() {
    return this.#once('prompt', async () => {
      const checkpoint = await this.#checkpoint();
      const { configs, cond_dim: width } = checkpoint.config.model.conditioning;
      const config = configs.find((conditioner) => conditioner.type === 't5gemma')!;
      const prefix = `conditioner.conditioners.${config.id}`;
      return PromptConditioner.load(
        config.config,
        checkpoint,
        await this.#weights(),
        prefix,
        width,
        exactBackend(this.#options),
      );
    });
  }

  async #number(weights?: Weights) {
    const checkpoint = await this.#checkpoint();
    const { configs, cond_dim: width } = checkpoint.config.model.conditioning;
    const numbers = configs.filter((conditioner) => conditioner.type === 'number');
    const config = numbers.find(({ id }) => id === 'seconds_total') ?? numbers[0]!;
    return new NumberConditioner(
      config.config,
      weights ?? (await this.#weights()),
      `conditioner.conditioners.${config.id}`,
      width,
    );
  }

  async #tokenizer({ params }: Case): Promise<Results> {
    const { tokenizer, maxLength } = await this.#promptParts();
    const { ids } = tokenizer.encode(params.prompt, maxLength);
    return {
      input_ids: vector(Array.from({ length: maxLength }, (_, i) => ids[i] ?? 0)),
      attention_mask: vector(Array.from({ length: maxLength }, (_, i) => (i < ids.length ? 1 : 0))),
    };
  }

  async #textEncoder(each: Case): Promise<Results> {
    const { text } = await this.#checkpoint();
    const load = (softCap: boolean) => {
      return this.#once(`encoder ${softCap}`, () =>
        TextEncoder.load(text!.config, new Weights(text!.file), {
          backend: exactBackend(this.#options),
          softCap,
          probes: true,
        }),
      );
    };
    const prompt = await this.#promptParts();
    const given = this.#fixture.input(each, 'input_ids')?.data;
    const ids = given ?? prompt.tokenizer.encode(each.params.prompt, prompt.maxLength).ids;
    const plain = await (await load(false)).run(ids);
    const capped = await (await load(true)).run(ids);
    return { ...plain, last_hidden_state_softcap: capped.last_hidden_state };
  }

  async #promptConditioner({ params }: Case): Promise<Results> {
    const prompt = await this.#promptParts();
    const { data, mask } = await prompt.rows(params.prompt);
    return {
      embeddings: { data, shape: [mask.length, data.length / mask.length] },
      attention_mask: vector(mask.map(Number)),
    };
  }

  async #seconds({ params }: Case): Promise<Results> {
    const number = await this.#number();
    return {
      features: stack(params.seconds.map((seconds: number) => number.features(seconds))),
      embedding: stack(
        await Promise.all(params.seconds.map(async (seconds: number) => (await number.rows(seconds)).data)),
      ),
    };
  }

  async #timestep({ params }: Case): Promise<Results> {
    const dit = await this.#probedDit();
    const { io_channels: channels } = dit.config;
    const times: number[] = params.t;
    const conditions = await this.#anyConditions(dit);
    const embeddings = [];
    for (const t of times) {
      const outputs = await dit.run({ data: new Float32Array(channels), shape: [1, channels, 1] }, [t], conditions);
      embeddings.push(outputs.timestep_embed!.data);
    }
    return { features: stack(times.map((t) => dit.timestepFeatures(t))), embedding: stack(embeddings) };
  }

  /** Conditions of zeros, for looking at parts that do not depend on them. */
  async #anyConditions(dit: Dit): Promise<PreparedConditions> {
    const { cond_token_dim: cross, global_cond_dim: global } = dit.config;
    return dit.condition({
      cross: { data: new Float32Array(cross), shape: [1, 1, cross] },
      global: { data: new Float32Array(global), shape: [1, global] },
    });
  }

  #conditioners() {
    return this.#once('conditioners', async () =>
      Conditioners.load(await this.#checkpoint(), await this.#weights(), exactBackend(this.#options)),
    );
  }

  async #conditions({ params, outputs }: Case): Promise<Results> {
    const conditioners = await this.#conditioners();
    const conditioning = {
      ...(await this.#otherConditions(params)),
      prompt: params.prompt ?? params.negative_prompt,
      seconds_total: params.seconds_total ?? params.seconds ?? params.duration,
    };
    const { cross, mask } = await conditioners.cross(conditioning);
    const rows = vector(mask.map(Number));
    if ('negative_cross_attn_cond' in outputs)
      return { negative_cross_attn_cond: cross, negative_cross_attn_mask: rows };
    return { cross_attn_cond: cross, global_cond: await conditioners.global(conditioning), cross_attn_mask: rows };
  }

  /** Values that a case gives for the model's conditioners, by id. */
  async #otherConditions(params: Case['params']): Promise<Conditioning> {
    const { config } = await this.#checkpoint();
    const given = config.model.conditioning.configs.filter(({ id }) => id in params);
    return Object.fromEntries(given.map(({ id }) => [id, params[id]]));
  }

  #ditConditions(each: Case): DitConditions {
    return {
      cross: this.#fixture.input(each, 'cross_attn_cond'),
      global: this.#fixture.input(each, 'global_cond'),
      local: this.#fixture.input(each, 'local_add_cond'),
    };
  }

  async #dit(each: Case): Promise<Results> {
    const padding = paddingOf(each);
    const dit = await this.#probedDit(padding);
    const x = this.#fixture.required(each, 'x');
    const times = [...this.#fixture.required(each, 't').data];
    const given = this.#ditConditions(each);
    const valid = this.#fixture.input(each, 'padding_mask');
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
      velocities.push(await this.#guided(each, dit, element(x)!, t, own, element(valid), element));
    }
    return { v: { data: stack(velocities).data, shape: x.shape } };
  }

  /** The guided velocity of one element of a case. */
  async #guided(
    each: Case,
    dit: Dit,
    x: Tensor,
    t: number,
    { cross, global, local }: DitConditions & { cross: Tensor },
    valid: Tensor | undefined,
    element: (tensor: Tensor | undefined) => Tensor | undefined,
  ): Promise<Float32Array> {
    const given = element(this.#fixture.input(each, 'negative_cross_attn_cond'));
    const mask = element(this.#fixture.input(each, 'negative_cross_attn_mask'));
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

  async #sampler(each: Case): Promise<Results> {
    const dit = await this.#probedDit(paddingOf(each));
    const { params } = each;
    const x = this.#fixture.required(each, 'x');
    const [batch, channels, frames] = x.shape as [number, number, number];
    const conditions = await dit.condition(this.#ditConditions(each));
    const { config } = await this.#checkpoint();
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
        noise: (step) => element(this.#fixture.required(each, `noise_${step}`)),
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
      ...Object.fromEntries(
        Object.entries(states).map(([role, values]) => [role, { data: stack(values).data, shape }]),
      ),
      sigmas: {
        data: recorded.length === 2 ? stack(states.sigmas!).data : Float32Array.from(sigmas),
        shape: recorded,
      },
    };
  }

  async #autoencoder(each: Case): Promise<Results> {
    const { params } = each;
    const checkpoint = await this.#checkpoint();
    const { pretransform } = checkpoint.config.model;
    const audio = params.signal ? signal(params.signal) : this.#fixture.input(each, 'audio');
    const given = this.#fixture.input(each, 'latents');
    const latents = given && { data: given.data, shape: given.shape.slice(-2) };
    if (pretransform.type === 'spectral') {
      const spectral = new Spectral(
        pretransform.config,
        checkpoint.config.sample_rate,
        await this.#weights(),
        pretransformPrefix,
      );
      if (!latents) return { latents: await spectral.encode(audio!) };
      const features = spectral.decodeFeatures(latents);
      return { features, audio: await spectral.decode(latents) };
    }
    const regularisers = 'mask_noise' in params;
    const pieces = params.chunk_size ? { frames: params.chunk_size, overlap: params.overlap } : undefined;
    const probes = each.name.endsWith('_stages');
    // The autoencoder by itself: the pretransform's scale comes on top of it.
    const same = new Same(pretransform.config, await this.#weights(), pretransformPrefix, {
      backend: exactBackend(this.#options),
      pieces,
      probes,
      regularisers,
    });
    try {
      const noise = regularisers ? this.#regularisers(each, pretransform.config, latents) : {};
      if (latents) {
        const outputs = pieces ? { audio: await same.decode(latents) } : await same.probeDecode(latents, noise);
        return { ...outputs, audio_excerpts: excerpts(outputs.audio, params.excerpts) };
      }
      const outputs = pieces ? { latents: await same.encode(audio!) } : await same.probeEncode(audio!, noise);
      return { ...outputs, patches_first8: firstColumns(outputs['patches' as keyof typeof outputs], 8) };
    } finally {
      await same.release();
    }
  }

  /**
   * The recorded noise in the order in which the reference draws it, and scaled as it does: the latents' first when decoding,
   * then the learned tokens' of each level.
   */
  #regularisers(each: Case, config: AutoencoderConfig, latents: Tensor | undefined): Record<string, Tensor> {
    let draws = 0;
    const draw = (factor: number) => {
      const noise = this.#fixture.required(each, `noise_${draws++}`);
      return { data: noise.data.map((value) => value * factor), shape: noise.shape };
    };
    const noise: Record<string, Tensor> = {};
    if (latents) {
      const silent = each.params.noise_regularize === false;
      noise.latent_noise = {
        data: silent ? new Float32Array(latents.data.length) : draw(1e-3).data,
        shape: latents.shape,
      };
    }
    const levels = [...(latents ? config.decoder : config.encoder).config.strides.keys()];
    for (const level of latents ? levels.reverse() : levels) {
      noise[levels.length > 1 ? `level_${level}_token_noise` : 'token_noise'] = draw(each.params.mask_noise);
    }
    return noise;
  }

  /** Elements of a batch are independent of each other but for the common number of frames, so each runs alone. */
  async #endToEnd(each: Case): Promise<Results> {
    const model = await this.#model(paddingOf(each));
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
          const recorded = this.#fixture.input(each, index === 0 ? 'noise_init' : `noise_${index - 1}`);
          // The last step of ping-pong multiplies its noise by 0; some cases leave it out.
          return recorded
            ? recorded.data.slice(b * channels * frames, (b + 1) * channels * frames)
            : new Float32Array(channels * frames);
        },
      };
      const audio = await generate(model, {
        ...sourceOptions(params),
        conditions: await this.#otherConditions(params),
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
    if (batch > 1 && sigmas?.shape.length === 1)
      results.sigmas = oneSchedule(collected.sigmas!.map(({ data }) => data));
    return {
      ...results,
      denoised_first: results.denoised_0,
      denoised_last: results[`denoised_${params.steps - 1}`],
      audio_excerpts: excerpts(results.audio, params.excerpts),
    };
  }

  async #adapters(each: Case): Promise<Results> {
    const { params } = each;
    const adapters = params.files.map((file: string, i: number) => ({
      path: within(this.#fixture.folder, file),
      strength: params.strengths[i],
    }));
    const checkpoint = await this.#checkpoint();
    const { file } = await foldedInMemory(checkpoint, adapters, { rules: 'reference', files: this.#fixture.files });
    const weights = new Weights(file);
    const dit = await Dit.load(checkpoint.config.model.diffusion.config, weights, {
      backend: exactBackend(this.#options),
    });
    const number = await this.#number(weights);
    const conditions = await dit.condition(this.#ditConditions(each));
    const outputs = await dit.run(
      this.#fixture.required(each, 'x'),
      [...this.#fixture.required(each, 't').data],
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
}

/** How the reference treated padded frames when a case was recorded; it did without its variable-length kernel unless the case says so. */
function paddingOf({ params }: Case): PaddingMode {
  const padding = params.padding ?? 'zero-values';
  if (padding === 'omit' || padding === 'zero-values') return padding;
  throw new Error(`padding is "${padding}"; known are omit and zero-values`);
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

function schedule({ params, outputs }: Case): Results {
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
function oneSchedule(rows: Float32Array[]): Tensor {
  const points = rows[0]!.length;
  return vector(rows.length === points ? rows.map((row, i) => row[i]!) : [...rows[0]!]);
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

function vector(values: number[]): Tensor {
  return { data: Float32Array.from(values), shape: [values.length] };
}

function stack(rows: Float32Array[]): Tensor {
  const width = rows[0]!.length;
  const data = new Float32Array(rows.length * width);
  for (const [i, row] of rows.entries()) data.set(row, i * width);
  return { data, shape: [rows.length, width] };
}

/** One element of a batch, or all there is when it stands for every element. */
function batchElement({ data, shape }: Tensor, b: number): Tensor {
  const [batch, ...inner] = shape as [number, ...number[]];
  if (batch === 1) return { data, shape };
  const size = data.length / batch;
  return { data: data.slice(b * size, (b + 1) * size), shape: [1, ...inner] };
}

function join2(a: Tensor, b: Tensor): Tensor {
  return { data: stack([a.data, b.data]).data, shape: [a.shape[0]! + b.shape[0]!, ...a.shape.slice(1)] };
}

function firstColumns(tensor: Tensor | undefined, count: number): Tensor | undefined {
  if (!tensor) return undefined;
  const [rows, width] = tensor.shape as [number, number];
  return stack(Array.from({ length: rows }, (_, row) => tensor.data.slice(row * width, row * width + count)));
}

/** Windows [start, length] of a longer output, one after the other on the last axis. */
function excerpts(tensor: Tensor | undefined, windows: [number, number][] | undefined): Tensor | undefined {
  if (!tensor || !windows) return undefined;
  const width = tensor.shape.at(-1)!;
  const rows = tensor.data.length / width;
  const joined = Array.from({ length: rows }, (_, row) => {
    return Float32Array.from(
      windows.flatMap(([start, length]) => [
        ...tensor.data.subarray(row * width + start, row * width + start + length),
      ]),
    );
  });
  return stack(joined);
}
