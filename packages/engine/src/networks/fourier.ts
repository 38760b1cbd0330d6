/** Fourier features of a number: what the duration and the timestep conditioners see. */
export type FourierFeatures = (value: number) => Float32Array;

/**
 * `[cos(2 pi f x), sin(2 pi f x)]` for `dim / 2` frequencies in geometric steps from 0.5 to 10000 (spec, section 4).
 *
 * At 10000 cycles one float32 rounding of the argument moves the result by up to 0.05, so every operation is rounded
 * the way PyTorch does it in float32: linspace from both ends (its products are fused), exp, then `x * f * 2 * pi` from left to right.
 */
export function expoFourierFeatures(dim: number): FourierFeatures {
  const half = dim / 2;
  const [low, high] = [Math.log(0.5), Math.log(10000)];
  const step = f32(1 / (half - 1));
  const frequencies = Float32Array.from({ length: half }, (_, j) => {
    const ramp = j < half / 2 ? f32(step * j) : f32(1 - step * (half - 1 - j));
    return Math.exp(f32(f32(ramp * f32(high - low)) + f32(low)));
  });
  const pi = f32(Math.PI);
  return (value) => cosAndSin(frequencies.map((frequency) => f32(f32(f32(value) * frequency) * 2) * pi));
}

/** The same with learned frequencies, `weight` [dim/2]: `x` times `2 pi` first, then times the frequency. */
export function learnedFourierFeatures(weight: Float32Array): FourierFeatures {
  return (value) => cosAndSin(weight.map((frequency) => f32(f32(2 * Math.PI) * f32(value)) * frequency));
}

/** Features of a number conditioner with learned frequencies: `[x, sin(2 pi f x), cos(2 pi f x)]`, `x * f * 2 * pi` from left to right. */
export function learnedPositionFeatures(frequencies: Float32Array): FourierFeatures {
  const pi = f32(Math.PI);
  return (value) => {
    const angles = frequencies.map((frequency) => f32(f32(f32(value) * frequency) * 2) * pi);
    return Float32Array.of(value, ...angles.map(Math.sin), ...angles.map(Math.cos));
  };
}

function cosAndSin(angles: Float32Array): Float32Array {
  const features = new Float32Array(2 * angles.length);
  angles.forEach((angle, i) => {
    features[i] = Math.cos(angle);
    features[angles.length + i] = Math.sin(angle);
  });
  return features;
}

const f32 = Math.fround;
