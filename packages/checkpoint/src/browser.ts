// The part that browsers can use too: files come from memory there, not from a disk.
export { disk } from '#disk';
export {
  type AutoencoderCheckpoint,
  type Checkpoint,
  openAutoencoder,
  openCheckpoint,
  type TextCheckpoint,
  type TextEncoderSource,
  textEncoderOf,
} from './checkpoint.ts';
export {
  type AttentionConfig,
  type AutoencoderConfig,
  type AutoencoderModelConfig,
  type ConditionerConfig,
  type DitConfig,
  defaultChunkSize,
  type FeedForwardConfig,
  type ModelConfig,
  type PeftConfig,
  type PretransformConfig,
  type ResamplerConfig,
  type SamplingShift,
  type SpectralConfig,
  type StructureConfig,
  structureChannels,
  structureOf,
} from './config.ts';
export { type DType, type WeightDType, weightDTypes, widenToFloat32 } from './dtype.ts';
export { CheckpointError, type CheckpointErrorCode } from './errors.ts';
export { type Bytes, type Files, MemoryFiles, memoryBytes, parted, within } from './files.ts';
export { readJson } from './json.ts';
export {
  isAutoencoderAlone,
  parseAutoencoderConfig,
  parseModelConfig,
  parsePeftConfig,
  parseSamplingShift,
  parseTextConfig,
  parseWords,
} from './parse-config.ts';
export { SafetensorsFile, type TensorEntry } from './safetensors.ts';
export { safetensorsBytes, type TensorToWrite } from './safetensors-bytes.ts';
export type { TextEncoderConfig, Words } from './text-config.ts';
export { isWeightFile, weightFiles } from './weight-files.ts';
export { type Weight, Weights, type WeightsReport, type WeightTransform, weightRows, weightValues } from './weights.ts';
