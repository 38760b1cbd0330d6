import { modelNamed, parametersOf } from '../service/catalogue.ts';
import { problemOf } from '../service/problems.ts';
import { newId } from '../shared/id.ts';
import { wavOf } from '../sound/analysis.ts';
import { decode, decodeUrl, fetchBytes } from '../sound/sound.ts';
import type { Region } from '../sound/transport.ts';
import { type Recording, readSource, type StoredSource, writeSource } from '../workspace/drafts.ts';
import type { Kind } from '../workspace/kinds.ts';
import { type Source, type Workspace, workspaces } from '../workspace/store.ts';

// The recording that a workspace works on: where it comes from, and what is cut from it.

/** Reads the recording that was there before a reload. */
export async function restoreSource({ kind, use }: Workspace): Promise<void> {
  const stored = await readSource(kind);
  if (stored && !use.getState().source && !use.getState().reading) await readInto(kind, stored);
}

/** Takes a file that was dropped, chosen or recorded as the source. */
export function takeFile(kind: Kind, blob: Blob, name: string): Promise<void> {
  return readInto(kind, { id: newId(), name, blob });
}

function readInto(kind: Kind, stored: StoredSource): Promise<void> {
  return read(kind, stored.name, async () => ({ ...stored, sound: await decode(stored.blob, stored.name) }));
}

/** What each workspace reads. Of several that are read at once the last one counts. */
const latest = new Map<Kind, Promise<Source>>();

async function read(kind: Kind, name: string, work: () => Promise<Source>): Promise<void> {
  const { use, transport } = workspaces[kind];
  use.setState({ reading: name, sourceProblem: undefined });
  const reading = work();
  latest.set(kind, reading);
  const counts = () => latest.get(kind) === reading;
  try {
    const source = await reading;
    if (!counts()) return;
    transport.pause();
    await setSource(kind, source);
  } catch (error) {
    if (counts()) use.setState({ sourceProblem: problemOf(error) });
  } finally {
    if (counts()) use.setState({ reading: undefined });
  }
}

/** A longest source, where the model's schema names a longest duration. */
export function longestSource(kind: Kind): number | undefined {
  const { model } = workspaces[kind].use.getState();
  return parametersOf(modelNamed(model)).find(({ name }) => name === 'duration')?.maximum;
}

/** Keeps the source before it shows it: what is seen survives a reload. */
async function setSource(kind: Kind, source: Source | undefined): Promise<void> {
  const { sound: _, ...stored } = source ?? ({} as Source);
  await writeSource(kind, source ? (stored as StoredSource) : undefined);
  const longest = longestSource(kind) ?? Number.POSITIVE_INFINITY;
  const tooLong = source && source.sound.duration > longest + 0.01;
  workspaces[kind].use.setState({
    source,
    trim: tooLong ? { start: 0, end: longest } : undefined,
    sourceProblem: tooLong
      ? {
          title: `The recording is longer than ${longest} s`,
          advice: `Choose the part to work with on its waveform, ${longest} s at most, and keep it.`,
        }
      : undefined,
  });
}

export function clearSource(kind: Kind): Promise<void> {
  workspaces[kind].transport.pause();
  return setSource(kind, undefined);
}

/** Notes where the source was uploaded to, so that it need not be sent again. */
export function noteUpload(kind: Kind, id: string, url: string | undefined): void {
  const { source } = workspaces[kind].use.getState();
  if (source?.id !== id) return;
  const noted = { ...source, url };
  workspaces[kind].use.setState({ source: noted });
  const { sound: _, ...stored } = noted;
  void writeSource(kind, stored);
}

/** Keeps a part of the source. */
export async function cutSource(kind: Kind, { start, end }: Region): Promise<void> {
  const { source } = workspaces[kind].use.getState();
  if (!source) return;
  const blob = new Blob([await wavOf(source.sound.held, start, end)], { type: 'audio/wav' });
  const whole: Recording = source.whole ?? { id: source.id, name: source.name, blob: source.blob };
  const name = `${whole.name.replace(/\.[^.]*$/, '')} (cut).wav`;
  await readInto(kind, { id: newId(), name, blob, whole });
}

/** Goes back to what the source was cut from. */
export async function uncutSource(kind: Kind): Promise<void> {
  const { whole } = workspaces[kind].use.getState().source ?? {};
  if (whole) await readInto(kind, whole);
}

/** Takes a file of the service, a result or an earlier source, as the source. */
export function takeUrl(kind: Kind, url: string, name: string): Promise<void> {
  return read(kind, name, async () => {
    const [bytes, sound] = await Promise.all([fetchBytes(url), decodeUrl(url)]);
    return { id: url, name, blob: new Blob([bytes]), url, sound };
  });
}
