export { type Device, devices, type Tensor } from '@retone/runtime';
export { Autoencoder } from './autoencoder.ts';
export { dropOldest, markUsed } from './cache.ts';
export { checkPrompt, maxPromptCharacters } from './conditioners.ts';
export { EngineError, type EngineErrorCode } from './errors.ts';
export type { Progress, Region, Stage } from './generate.ts';
export { type Adapter, readAdapter } from './lora.ts';
export { Model, type ModelOptions, type SamplingDefaults, samplingDefaults } from './model.ts';
export {
  type AudioToAudioOptions,
  audioToAudio,
  type Controls,
  defaultNoiseLevel,
  type InpaintOptions,
  inpaint,
  type OutpaintOptions,
  outpaint,
  type TextToAudioOptions,
  textToAudio,
} from './pipelines.ts';
export { type Precision, parsePrecision, precisions } from './precision.ts';
export { type SamplerName, samplers } from './samplers.ts';
export type { ScheduleKind } from './schedule.ts';
export { defaultPrecision, type EngineSettings, engineSettings } from './settings.ts';
