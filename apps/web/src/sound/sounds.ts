import { create } from 'zustand';
import { read, write } from '../shared/database.ts';
import { analyse } from './analysis.ts';
import type { Facts } from './facts.ts';

// Sounds by the id of their record. Facts are kept in this browser, so that a reload draws without decoding; samples are in
// memory for those that were used last.

interface Sounds {
  facts: Record<string, Facts>;
}
export const useSounds = create<Sounds>(() => ({ facts: {} }));

/** Bytes of samples that are kept decoded: about ten results of eight seconds. */
const budget = 32e6;
const buffers = new Map<string, Promise<AudioBuffer>>();
const sizes = new Map<string, number>();

/** A way to decode a sound again. */
export type Load = () => Promise<AudioBuffer>;

/** The samples of a sound; the least recently used ones of others are dropped. */
export function bufferOf(id: string, load: Load): Promise<AudioBuffer> {
  const known = buffers.get(id);
  const buffer = known ?? load();
  buffers.delete(id);
  buffers.set(id, buffer);
  if (!known) {
    buffer.then(
      ({ length, numberOfChannels }) => {
        sizes.set(id, 4 * length * numberOfChannels);
        trim();
      },
      () => buffers.delete(id),
    );
  }
  return buffer;
}

function trim(): void {
  const total = () => [...buffers.keys()].reduce((sum, id) => sum + (sizes.get(id) ?? 0), 0);
  for (const id of buffers.keys()) {
    if (buffers.size <= 2 || total() <= budget) return;
    buffers.delete(id);
    sizes.delete(id);
  }
}

const reading = new Map<string, Promise<Facts>>();

/** What is known of a sound: from memory, from this browser, or from its samples. */
export function factsOf(id: string, load: Load): Promise<Facts> {
  const known = useSounds.getState().facts[id];
  if (known) return Promise.resolve(known);
  const pending = reading.get(id) ?? found(id, load).finally(() => reading.delete(id));
  reading.set(id, pending);
  return pending;
}

async function found(id: string, load: Load): Promise<Facts> {
  const kept = await read<Facts>('facts', id);
  const facts = kept ?? (await analyse(await bufferOf(id, load)));
  if (!kept) void write('facts', id, facts);
  useSounds.setState(({ facts: others }) => ({ facts: { ...others, [id]: facts } }));
  return facts;
}

/** Gives a sound the facts and samples of another: a result that becomes a source is the same sound. */
export function shareSound(from: string, to: string): void {
  const facts = useSounds.getState().facts[from];
  if (facts) {
    void write('facts', to, facts);
    useSounds.setState(({ facts: others }) => ({ facts: { ...others, [to]: facts } }));
  }
  const buffer = buffers.get(from);
  if (buffer) void bufferOf(to, () => buffer);
}
