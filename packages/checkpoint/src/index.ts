export { type Checkpoint, openCheckpoint, type TextCheckpoint } from './checkpoint.ts';
export {
  type AttentionConfig,
  type AutoencoderConfig,
  type ConditionerConfig,
  type DitConfig,
  defaultChunkSize,
  type FeedForwardConfig,
  type ModelConfig,
  type PretransformConfig,
  parseModelConfig,
  parseSamplingShift,
  parseTextConfig,
  type ResamplerConfig,
  type SamplingShift,
  type SpectralConfig,
  type TextEncoderConfig,
} from './config.ts';
export { type DType, type WeightDType, widenToFloat32 } from './dtype.ts';
export { CheckpointError, type CheckpointErrorCode } from './errors.ts';
export { builtInModel, findModel, type InstalledModel, installedModels } from './library.ts';
export { SafetensorsFile, type TensorEntry } from './safetensors.ts';
export { type Weight, Weights, type WeightsReport, type WeightTransform, weightRows, weightValues } from './weights.ts';
