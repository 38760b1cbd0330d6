export { catalogueEntry } from './catalogue.ts';
export { checkInput, cut, type ParameterFault, shown, withoutNulls } from './check.ts';
export { type ErrorCode, errorStatuses, type TaskErrorCode, taskErrors } from './errors.ts';
export {
  type AudioFormat,
  audioFormats,
  type BitDepth,
  bitDepthOf,
  bitDepths,
  defaultBitDepth,
  defaultFormat,
  formatNamed,
  formatOfFileName,
  inWords,
  isWritableFormat,
  type WritableFormat,
  writableFormats,
} from './formats.ts';
export {
  contractLimits,
  defaultMaskEnd,
  defaultNoiseLevel,
  longestSeconds,
  type ModelLimits,
  maxPromptCharacters,
} from './limits.ts';
export { modelIds, modelOf, type PublicModel, shortName } from './models.ts';
export { deliveryParameters, type Lora, type TaskInput } from './parameters.ts';
export { isModelId, type ModelId, prices } from './prices.ts';
export {
  type ApiKeyInfo,
  type CatalogueEntry,
  envelope,
  type Failure,
  failureSchema,
  keySchema,
  modelSchema,
  type ParameterSchema,
  type TaskEvent,
  type TaskResult,
  taskEventSchema,
  taskSchema,
  type UploadInfo,
  uploadSchema,
} from './results.ts';
export {
  isEnded,
  stages,
  type TaskStatus,
  taskStatuses,
  webhookStates,
} from './statuses.ts';
