import type { Facts, Job } from './analysis.worker.ts';

let worker: Worker | undefined;
let last = 0;
const waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();

/** Has the worker do something. */
function ask<Result>(job: Job, transfer: Transferable[] = []): Promise<Result> {
  worker ??= started();
  const id = ++last;
  return new Promise((resolve, reject) => {
    waiting.set(id, { resolve: resolve as (value: unknown) => void, reject });
    worker!.postMessage({ id, job }, transfer);
  });
}

function started(): Worker {
  const made = new Worker(new URL('./analysis.worker.ts', import.meta.url), { type: 'module' });
  made.onmessage = ({ data: { id, result, error } }) => {
    const { resolve, reject } = waiting.get(id)!;
    waiting.delete(id);
    if (error === undefined) resolve(result);
    else reject(new Error(error));
  };
  return made;
}

/** Points that a waveform is drawn from: enough for the widest screens. */
const points = 4000;

/** Gives the worker a copy of a sound; `sound` is its number there. */
export async function hold(buffer: AudioBuffer): Promise<Facts & { sound: number }> {
  const sound = ++last;
  const channels: Float32Array<ArrayBuffer>[] = [];
  for (let c = 0; c < buffer.numberOfChannels; c++) channels.push(await copied(buffer, c));
  const { sampleRate } = buffer;
  const transfer = channels.map((channel) => channel.buffer);
  const facts = await ask<Facts>({ kind: 'hold', sound, channels, sampleRate, points }, transfer);
  return { ...facts, sound };
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

/** Levels from 0 to 255, row by row from high to low pitch. */
export function spectrogramOf(sound: number, width: number, height: number): Promise<Uint8Array> {
  return ask({ kind: 'spectrogram', sound, width, height });
}

/** A part of a held sound as a WAV file. */
export function wavOf(sound: number, start: number, end: number): Promise<ArrayBuffer> {
  return ask({ kind: 'wav', sound, start, end });
}

/** Has the worker forget a sound. */
export function drop(sound: number): void {
  void ask({ kind: 'drop', sound });
}
