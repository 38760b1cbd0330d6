export { AdapterFiles, adapterHash, checkAdapter, installedAdapters } from './adapter-files.ts';
export { adapterChannel, type StoredAdapter, StoredAdapters } from './adapters.ts';
export type { EngineRequest, ModelFacts } from './engine-messages.ts';
export { EnginePool, type ModelChoice, type PoolOptions } from './engine-pool.ts';
export { type Engine, EngineFailure, type EngineFailureCode, EngineProcess, type EngineRun } from './engine-process.ts';
export { fitToRecording, ParameterError } from './engine-request.ts';
export { type Blame, type Failure, failureOf } from './failures.ts';
export { Files, type SharedFile } from './files.ts';
export { Lifecycle, type LifecycleOptions, type Submission, SubmissionError, taskChannel } from './lifecycle.ts';
export { jobsMigrations } from './migrations.ts';
export { type OpenWork, openWork } from './open-work.ts';
export { Queue, type QueueSettings, type WebhookEvent } from './queue.ts';
export { type Deleted, deleteExpired, type RetentionOptions } from './retention.ts';
export { type Served, Serving, ServingError } from './serving.ts';
export {
  type HistoryPlace,
  mostCounted,
  type NewTask,
  newTaskId,
  type Task,
  type TaskFilter,
  Tasks,
  type WebhookState,
} from './tasks.ts';
export { deliverWebhooks, type WebhookMessage, type WebhookOptions } from './webhooks.ts';
export { Worker, type WorkerOptions } from './worker.ts';
