export interface GuidanceOptions {
  /** How strongly the prompt counts against the negative one; 1 leaves the prompt's own velocity. */
  scale: number;
  /** Adaptive projected guidance, 0 to 1: how much of the part parallel to the prompt's estimate is dropped. */
  apgScale: number;
  /** Frames that count, from the first on; the others are padding. Absent: all count. */
  validFrames?: number | undefined;
}

/**
 * Classifier-free guidance with adaptive projection (Sadat et al., "Eliminating oversaturation and artifacts of high
 * guidance scales", 2024; spec, section 6), on the estimates of the clean latents, `x - t v`:
 * `d = denoised_c - denoised_n` without its part parallel to `denoised_c`, `denoised = denoised_c + (scale - 1) d`.
 *
 * @param x latents [channels, frames] at time t
 * @param conditional velocity with the prompt
 * @param negative velocity with the negative prompt, or with none
 * @returns the guided velocity
 */
export function guide(
  x: Float32Array,
  t: number,
  conditional: Float32Array,
  negative: Float32Array,
  frames: number,
  { scale, apgScale, validFrames = frames }: GuidanceOptions,
): Float32Array {
  const denoised = x.map((value, i) => value - t * conditional[i]!);
  const difference = conditional.map((value, i) => t * (negative[i]! - value));
  const counts = (i: number) => i % frames < validFrames;

  let product = 0;
  let square = 0;
  for (let i = 0; i < x.length; i++) {
    if (!counts(i)) continue;
    product += difference[i]! * denoised[i]!;
    square += denoised[i]! ** 2;
  }
  const projection = product / Math.max(square, 1e-16);
  return x.map((value, i) => {
    // With plain guidance padding counts too; its orthogonal part is zero.
    const orthogonal = counts(i) ? difference[i]! - projection * denoised[i]! : 0;
    const direction = apgScale * orthogonal + (1 - apgScale) * difference[i]!;
    return (value - denoised[i]! - (scale - 1) * direction) / t;
  });
}
