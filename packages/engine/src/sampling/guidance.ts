export interface GuidanceOptions {
  /** How strongly the prompt counts against the negative one; 1 leaves the prompt's own velocity. */
  scale: number;
  /** Adaptive projected guidance, 0 to 1: how much of the part parallel to the prompt's estimate is dropped. */
  apgScale: number;
  /** Largest norm of the difference between the two estimates, which is scaled down to it; absent: no bound. */
  normThreshold?: number | undefined;
  /** 0 to 1: how far each frame's deviation over the channels is brought back to that of the prompt's own velocity. Default 0. */
  rescale?: number | undefined;
  /** Frames that count, from the first on; the others are padding. Absent: all count. */
  validFrames?: number | undefined;
}

/**
 * Classifier-free guidance with adaptive projection (Sadat et al., "Eliminating oversaturation and artifacts of high
 * guidance scales", 2024; spec, section 6), on the estimates of the clean latents, `x - t v`:
 * `d = denoised_c - denoised_n` without its part parallel to `denoised_c`, `denoised = denoised_c + (scale - 1) d`.
 * The bound on the norm of d and the rescaling (Lin et al., "Common diffusion noise schedules and sample steps are
 * flawed", 2024) are the reference's `cfg_norm_threshold` and `scale_phi`, in its `dit.py`.
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
  { scale, apgScale, normThreshold, rescale = 0, validFrames = frames }: GuidanceOptions,
): Float32Array {
  const denoised = x.map((value, i) => value - t * conditional[i]!);
  const difference = conditional.map((value, i) => t * (negative[i]! - value));
  const counts = (i: number) => i % frames < validFrames;
  if (normThreshold !== undefined) bound(difference, normThreshold, counts);

  let product = 0;
  let square = 0;
  for (let i = 0; i < x.length; i++) {
    if (!counts(i)) continue;
    product += difference[i]! * denoised[i]!;
    square += denoised[i]! ** 2;
  }
  const projection = product / Math.max(square, 1e-16);
  const guided = x.map((value, i) => {
    // With plain guidance padding counts too; its orthogonal part is zero.
    const orthogonal = counts(i) ? difference[i]! - projection * denoised[i]! : 0;
    const direction = apgScale * orthogonal + (1 - apgScale) * difference[i]!;
    return (value - denoised[i]! - (scale - 1) * direction) / t;
  });
  if (rescale > 0) bringBack(guided, conditional, frames, rescale);
  return guided;
}

/** Scales values down to a norm, where the norm of those that count is larger. */
function bound(values: Float32Array, norm: number, counts: (i: number) => boolean): void {
  const square = values.reduce((sum, value, i) => (counts(i) ? sum + value ** 2 : sum), 0);
  const factor = Math.min(1, norm / Math.sqrt(square));
  if (factor < 1) for (let i = 0; i < values.length; i++) values[i]! *= factor;
}

/** Moves the deviation of each frame of `guided` [channels, frames] over its channels towards that of `like`. */
function bringBack(guided: Float32Array, like: Float32Array, frames: number, share: number): void {
  for (let frame = 0; frame < frames; frame++) {
    const own = deviation(guided, frame, frames);
    const factor = own === 0 ? 1 : 1 - share + (share * deviation(like, frame, frames)) / own;
    for (let i = frame; i < guided.length; i += frames) guided[i]! *= factor;
  }
}

/** Standard deviation of one frame of x [channels, frames] over its channels. */
function deviation(x: Float32Array, frame: number, frames: number): number {
  const channels = x.length / frames;
  let [sum, squares] = [0, 0];
  for (let i = frame; i < x.length; i += frames) sum += x[i]!;
  for (let i = frame; i < x.length; i += frames) squares += (x[i]! - sum / channels) ** 2;
  return Math.sqrt(squares / channels);
}
