// The part that Node and browsers share.
export { type Files, MemoryFiles } from '@retone/checkpoint';
export { type Device, devices, type Tensor } from '@retone/runtime';
export type { Adapter } from './adapter.ts';
export { readAdapter } from './adapters/open.ts';
export { Autoencoder } from './autoencoder.ts';
export { type Precision, parsePrecision, precisions } from './backends/precision.ts';
export { checkPrompt } from './conditioning/conditioners.ts';
export { EngineError, type EngineErrorCode } from './errors.ts';
export { checkOptions } from './generation/check.ts';
export { type Progress, type Stage, type Unconditional, unconditionals } from './generation/options.ts';
export type { Region } from './lengths.ts';
export { loadModel, type ModelOptions } from './load.ts';
export { type Model, type SamplingDefaults, samplingDefaults } from './model.ts';
export {
  type AudioToAudioOptions,
  audioToAudio,
  type Controls,
  type InpaintOptions,
  inpaint,
  type OutpaintOptions,
  outpaint,
  resultTags,
  type TextToAudioOptions,
  textToAudio,
} from './pipelines.ts';
export { answering, failure } from './requests/answer.ts';
export type { EngineRequest, FromEngine, ModelFacts, SentControls, ToEngine } from './requests/messages.ts';
export { engineRequest, fitToRecording, ParameterError } from './requests/task-request.ts';
export type { LevelRange } from './sampling/level-range.ts';
export { type SamplerName, samplers } from './sampling/samplers.ts';
export type { ScheduleKind } from './sampling/schedule.ts';
export { audioOf, channelsOf } from './tensors.ts';
