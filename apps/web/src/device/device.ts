import { create } from 'zustand';
import { DeviceEngine } from './engine.ts';
import { registerServiceWorker } from './isolation.ts';

interface Preparation {
  state: 'none' | 'downloading' | 'loading' | 'ready' | 'failed';
  /** Part of the download that has come, 0 to 1. */
  share: number;
}

/** How far the engine of this page is. */
export const usePreparation = create<Preparation>(() => ({ state: 'none', share: 0 }));

let engine: DeviceEngine | undefined;

/** The engine of this page. Its files come, and its worker starts, with {@link prepareDevice}. */
export function deviceEngine(): DeviceEngine {
  engine ??= new DeviceEngine(new URL('device/', document.baseURI).href, (done, total) =>
    usePreparation.setState({ state: done < total ? 'downloading' : 'loading', share: done / total }),
  );
  return engine;
}

/** Downloads and loads the engine, unless that was done. @throws Error saying why it cannot be had */
export async function prepareDevice(): Promise<void> {
  if (usePreparation.getState().state === 'ready') return;
  try {
    await registerServiceWorker();
    await deviceEngine().load();
    usePreparation.setState({ state: 'ready' });
  } catch (error) {
    usePreparation.setState({ state: 'failed' });
    throw error;
  }
}
