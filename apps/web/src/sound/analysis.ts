import type { Job } from './analysis.worker.ts';
import type { Facts } from './facts.ts';

let worker: Worker | undefined;
let last = 0;
const waiting = new Map<number, { resolve(facts: Facts): void; reject(error: Error): void }>();

/** What there is to know of a sound; the worker looks at a copy, and forgets it. */
export async function analyse(buffer: AudioBuffer): Promise<Facts> {
  const channels: Float32Array<ArrayBuffer>[] = [];
  for (let c = 0; c < buffer.numberOfChannels; c++) channels.push(await copied(buffer, c));
  worker ??= started();
  const id = ++last;
  const job: Job = { channels, sampleRate: buffer.sampleRate };
  return new Promise((resolve, reject) => {
    waiting.set(id, { resolve, reject });
    worker!.postMessage(
      { id, job },
      channels.map((channel) => channel.buffer),
    );
  });
}

function started(): Worker {
  const made = new Worker(new URL('./analysis.worker.ts', import.meta.url), { type: 'module' });
  made.onmessage = ({ data: { id, facts, error } }) => {
    const { resolve, reject } = waiting.get(id)!;
    waiting.delete(id);
    if (error === undefined) resolve(facts);
    else reject(new Error(error));
  };
  return made;
}

/** Samples that are copied at a time: a few milliseconds' work on a slow machine. */
const portion = 2 ** 18;

/** A copy of a channel, made in portions so that the page goes on meanwhile. */
async function copied(buffer: AudioBuffer, channel: number): Promise<Float32Array<ArrayBuffer>> {
  const copy = new Float32Array(buffer.length);
  for (let start = 0; start < copy.length; start += portion) {
    if (start > 0) await new Promise((resolve) => setTimeout(resolve));
    buffer.copyFromChannel(copy.subarray(start, start + portion), channel, start);
  }
  return copy;
}
