import type { Tensor } from '@retone/runtime';
import type { Progress } from '../generation/options.ts';
import type { Region } from '../lengths.ts';
import type { Controls } from '../pipelines.ts';

// Messages to and from an engine that runs in another process, or in a worker of a browser.

/** How a result is made, as far as it can be sent. */
export type SentControls = Omit<Controls, 'signal' | 'onProgress' | 'onWarning' | 'onPreview'>;

/** One of the engine's pipelines with its options. Audio is [channels, samples] at the model's sample rate. */
export type EngineRequest = { controls: SentControls; preview?: boolean } & (
  | { pipeline: 'text-to-audio'; seconds: number }
  | { pipeline: 'audio-to-audio'; audio: Tensor; seconds: number | undefined; initNoiseLevel: number | undefined }
  | { pipeline: 'inpaint'; audio: Tensor; regions: Region[] }
  | { pipeline: 'outpaint'; audio: Tensor; secondsBefore: number; secondsAfter: number }
);

/** Facts of a loaded model. */
export interface ModelFacts {
  sampleRate: number;
  audioChannels: number;
  maxSeconds: number;
}

export type ToEngine = { type: 'run'; request: EngineRequest } | { type: 'cancel' };

export type FromEngine =
  | { type: 'ready'; facts: ModelFacts }
  /** Said every few seconds, so that a process that hangs is noticed. */
  | { type: 'alive' }
  | { type: 'progress'; progress: Progress }
  | { type: 'warning'; warning: string }
  /** The result if the sampler stopped after this step. */
  | { type: 'preview'; audio: Tensor; step: number }
  | { type: 'done'; audio: Tensor; milliseconds: number }
  | { type: 'error'; code: string; message: string };
