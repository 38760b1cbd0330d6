import { del, get, set } from 'idb-keyval';
import type { Kind } from './kinds.ts';

// What was typed and dropped survives a reload: texts and numbers in the local storage, recordings in IndexedDB.

/** A recording as it was dropped, recorded, cut or fetched. */
export interface Recording {
  id: string;
  name: string;
  blob: Blob;
}

export interface StoredSource extends Recording {
  /** Where it was uploaded to. */
  url?: string | undefined;
  /** What it was cut from. */
  whole?: Recording | undefined;
}

interface Draft {
  model: string;
  values: Record<string, unknown>;
  variations: number;
  runs: { taskId: string; sourceId?: string | undefined }[];
}

export function readDraft(kind: Kind): Partial<Draft> {
  try {
    return JSON.parse(localStorage.getItem(`retone.${kind}`) ?? '{}');
  } catch {
    return {};
  }
}

export function writeDraft(kind: Kind, draft: Draft): void {
  localStorage.setItem(`retone.${kind}`, JSON.stringify(draft));
}

// A browser without IndexedDB (private windows) forgets the recording on reload; nothing else is lost.

export const readSource = (kind: Kind) => get<StoredSource>(`source.${kind}`).catch(() => undefined);

export function writeSource(kind: Kind, source: StoredSource | undefined): Promise<void> {
  return (source ? set(`source.${kind}`, source) : del(`source.${kind}`)).catch(() => {});
}
