/** The velocity of latents x at time t in [0, 1], for a rectified flow: `x - t * velocity` estimates the clean latents. */
export type Velocity = (x: Float32Array, t: number) => Promise<Float32Array>;

export interface SamplerStep {
  index: number;
  /** The time before the step. */
  t: number;
  /** Latents before the step. Valid during the call only. */
  x: Float32Array;
  /** The estimate of the clean latents that the step starts from. */
  denoised: Float32Array;
}

export interface SamplerRun {
  velocity: Velocity;
  /** Noise levels, from the start to 0; one more than there are steps. */
  sigmas: ArrayLike<number>;
  /** Fresh noise for a step; only ping-pong draws it. */
  noise: (step: number) => Float32Array;
  onStep?: ((step: SamplerStep) => void) | undefined;
}

/** Takes latents from the first noise level to the last. Formulas: the reference's sampling.py (spec, section 6). */
export type Sampler = (start: Float32Array, run: SamplerRun) => Promise<Float32Array>;

export type SamplerName = 'euler' | 'rk4' | 'dpmpp' | 'pingpong';

export const samplers: Record<SamplerName, Sampler> = {
  /** `x += (t' - t) v`. */
  async euler(start, run) {
    return eachStep(start, run, async ({ x, velocity, t, next }) => mix(x, 1, velocity, next - t));
  },

  /** Classical Runge-Kutta of fourth order: four evaluations a step. The last is at 1e-5, since models do not know t = 0. */
  async rk4(start, run) {
    return eachStep(start, run, async ({ x, velocity: k1, t, next }) => {
      const dt = next - t;
      const k2 = await run.velocity(mix(x, 1, k1, dt / 2), t + dt / 2);
      const k3 = await run.velocity(mix(x, 1, k2, dt / 2), t + dt / 2);
      const k4 = await run.velocity(mix(x, 1, k3, dt), Math.max(next, 1e-5));
      return x.map((value, i) => value + (dt / 6) * (k1[i]! + 2 * k2[i]! + 2 * k3[i]! + k4[i]!));
    });
  },

  /** DPM-Solver++ for rectified flows, second order; first order in the first and in the last step. */
  async dpmpp(start, run) {
    const logSnr = (t: number) => Math.log(Math.max(1 - t, 1e-10) / Math.max(t, 1e-10));
    let before: { denoised: Float32Array; t: number } | undefined;
    return eachStep(start, run, async ({ x, denoised, t, next }) => {
      let target = denoised;
      if (before && next !== 0) {
        const ratio = (logSnr(t) - logSnr(before.t)) / (logSnr(next) - logSnr(t));
        target = mix(denoised, 1 + 1 / (2 * ratio), before.denoised, -1 / (2 * ratio));
      }
      before = { denoised, t };
      const safe = Math.max(t, 1e-10);
      const coefficient = ((1 - next) * (t - next)) / (Math.max(1 - next, 1e-10) * safe);
      return mix(x, next / safe, target, coefficient);
    });
  },

  /** `x = (1 - t') denoised + t' noise`, with fresh noise each step: for models distilled to few steps. */
  async pingpong(start, run) {
    return eachStep(start, run, async ({ denoised, next, index }) => mix(denoised, 1 - next, run.noise(index), next));
  },
};

interface StepState extends SamplerStep {
  velocity: Float32Array;
  next: number;
}

async function eachStep(
  start: Float32Array,
  run: SamplerRun,
  advance: (state: StepState) => Promise<Float32Array>,
): Promise<Float32Array> {
  let x = start;
  for (let index = 0; index + 1 < run.sigmas.length; index++) {
    const t = run.sigmas[index]!;
    const velocity = await run.velocity(x, t);
    const denoised = mix(x, 1, velocity, -t);
    run.onStep?.({ index, t, x, denoised });
    x = await advance({ index, t, x, denoised, velocity, next: run.sigmas[index + 1]! });
  }
  return x;
}

/** `a * x + b * y`, element by element. */
export function mix(x: Float32Array, a: number, y: Float32Array, b: number): Float32Array {
  const mixed = new Float32Array(x.length);
  for (let i = 0; i < x.length; i++) mixed[i] = a * x[i]! + b * y[i]!;
  return mixed;
}
