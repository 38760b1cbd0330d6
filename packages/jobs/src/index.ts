export type { EngineRequest, ModelFacts, SentControls } from './engine-messages.ts';
export { EngineFailure, type EngineFailureCode, EngineProcess, type EngineRun } from './engine-process.ts';
