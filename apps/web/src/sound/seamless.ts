/** Longest crossfade over the joint of a loop, in seconds. */
const longestFade = 0.25;

/**
 * A part of a sound whose end joins its beginning: what follows the end is faded into the beginning (equal power), so that
 * the loop goes on as the sound did. Where nothing follows, the sound before the beginning is faded in at the end.
 *
 * @param channels samples of each channel
 * @param start first sample of the loop
 * @param end the sample behind its last one
 */
export function seamless(
  channels: readonly Float32Array[],
  start: number,
  end: number,
  sampleRate: number,
): Float32Array<ArrayBuffer>[] {
  const length = end - start;
  const total = channels[0]!.length;
  const most = Math.min(Math.round(longestFade * sampleRate), Math.floor(length / 4));
  const after = Math.min(most, total - end);
  const before = Math.min(most, start);
  return channels.map((channel) => {
    const loop = channel.slice(start, end);
    if (after >= before) {
      fade(loop, 0, after, (i, part) => mixed(channel[end + i]!, loop[i]!, part));
    } else {
      fade(loop, length - before, before, (i, part) =>
        mixed(loop[i]!, channel[start - before + i - (length - before)]!, part),
      );
    }
    return loop;
  });
}

function fade(loop: Float32Array, from: number, count: number, value: (i: number, part: number) => number): void {
  for (let i = 0; i < count; i++) loop[from + i] = value(from + i, (i + 0.5) / count);
}

/** From one signal to the other, at equal power. */
function mixed(one: number, other: number, part: number): number {
  return one * Math.cos((part * Math.PI) / 2) + other * Math.sin((part * Math.PI) / 2);
}
