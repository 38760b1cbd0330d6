import { useEffect } from 'react';
import { create } from 'zustand';
import type { Adapter } from '../service/adapter.ts';
import { service } from '../service/client.ts';
import { problemOf } from '../service/problems.ts';
import { serviceSettings } from '../service/settings.ts';
import type { Problem } from '../shared/problem.ts';
import { did } from '../state/undo.ts';

interface State {
  adapters: Adapter[];
  problem: Problem | undefined;
  /** The name of a file that is being uploaded. */
  uploading: string | undefined;
}

const useState = create<State>(() => ({ adapters: [], problem: undefined, uploading: undefined }));

/** The adapters of the account. */
export function useAdapters(): State {
  useEffect(() => void refresh(), []);
  return useState();
}

async function refresh(): Promise<void> {
  if (serviceSettings.alone) return;
  // In the background: a page without a key has none, and does not ask for one here.
  const adapters = await service.adapters().catch(() => undefined);
  if (adapters) useState.setState({ adapters });
}

export async function addAdapter(file: File): Promise<void> {
  useState.setState({ uploading: file.name, problem: undefined });
  try {
    await service.addAdapter(file);
    await refresh();
  } catch (error) {
    useState.setState({ problem: problemOf(error) });
  } finally {
    useState.setState({ uploading: undefined });
  }
}

/** Deletes an adapter a while later, until which it can be undone. */
export function removeAdapter(adapter: Adapter): void {
  const before = useState.getState().adapters;
  useState.setState({ adapters: before.filter(({ id }) => id !== adapter.id) });
  const timer = setTimeout(() => {
    service.removeAdapter(adapter.id).catch((error) => useState.setState({ problem: problemOf(error) }));
  }, undoTime);
  did(`Deleted the adapter ${adapter.name}`, () => {
    clearTimeout(timer);
    useState.setState({ adapters: before });
  });
}

/** Milliseconds in which a deletion can be undone. */
const undoTime = 20_000;
