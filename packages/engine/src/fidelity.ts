import type { Tensor } from '@retone/runtime';
import { calibrationClip } from './calibrate.ts';
import { generate } from './generate.ts';
import type { Model } from './model.ts';

// Whether a model in 8 bits is still that model: measured once for a checkpoint, when it is compiled.

/** The largest difference of latents and of decoded audio from those in fp32, in relation to them, that a precision may have. */
const largestDifference = 0.06;

/** A way of computing a model is too far from fp32. The message says how far. */
export class TooFar extends Error {}

/** @throws TooFar when a difference exceeds what a precision may have, or is not a number */
export function assertClose(difference: number): void {
  if (difference <= largestDifference) return;
  const percent = (value: number) => `${Number((100 * value).toPrecision(2))} %`;
  throw new TooFar(
    `this model's results would differ by ${percent(difference)} from those in fp32 (at most ${percent(largestDifference)})`,
  );
}

const steps = 4;

/** The norm of the difference between two ways of computing a model, in relation to that of the exact one. */
export async function relativeDifference(model: Model, exact: Model): Promise<number> {
  const expected = await latentsOf(exact);
  const [latents, audio] = [await latentsOf(model), await model.pretransform.decode(expected)];
  return Math.max(
    relativeError(latents.data, expected.data),
    relativeError(audio.data, (await exact.pretransform.decode(expected)).data),
  );
}

/** The latents of a transform of a clip that is made here. */
async function latentsOf(model: Model): Promise<Tensor> {
  let latents: Tensor | undefined;
  await generate(model, {
    ...calibrationClip(model),
    steps,
    inspect(name, value) {
      if (name === 'latents') latents = { data: value.data.slice(), shape: value.shape };
    },
  });
  return latents!;
}

/** The norm of the difference in relation to that of b. */
export function relativeError(a: Float32Array, b: Float32Array): number {
  let [error, size] = [0, 0];
  for (let i = 0; i < a.length; i++) {
    error += (a[i]! - b[i]!) ** 2;
    size += b[i]! ** 2;
  }
  return Math.sqrt(error / size);
}
