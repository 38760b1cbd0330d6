import type { FromEngine, Tensor } from '@retone/engine';

// Messages between the page and the worker that has the engine.

/** A task as the API has it, and its recording. */
export interface DeviceTask {
  id: string;
  model: string;
  input: Record<string, unknown>;
  /** [channels, samples] at the model's sample rate. */
  audio: Tensor | undefined;
}

export type ToDevice =
  /** Said first: the URL of the folder with the engine's files. */
  { type: 'start'; folder: string } | { type: 'task'; task: DeviceTask } | { type: 'cancel' };

export type FromDevice =
  | Exclude<FromEngine, { type: 'done' | 'warning' | 'preview' }>
  /** How much of the engine and its model has come, in bytes. */
  | { type: 'downloading'; done: number; total: number }
  /** The result is kept, under the id of its task. */
  | { type: 'kept' };
