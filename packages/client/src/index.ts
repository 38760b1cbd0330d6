export { Retone, type RunOptions, type SubmitOptions } from './client.ts';
export { RetoneError, TaskError } from './errors.ts';
export type { Connection } from './http.ts';
export type { History, HistoryQuery, Input, Model, ModelName, Task, TaskEvent } from './types.ts';
export { verifyWebhook } from './webhook.ts';
