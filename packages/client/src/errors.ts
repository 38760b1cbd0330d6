import type { Task } from './types.ts';

/** A request that the service refused, or that did not reach it (status 0, code `unreachable`). */
export class RetoneError extends Error {
  override readonly name: string = 'RetoneError';
  readonly status: number;
  readonly code: string;
  /** Seconds after which the same request may succeed, if the service named them. */
  readonly retryAfter: number | undefined;

  constructor(status: number, code: string, message: string, retryAfter?: number) {
    super(message);
    this.status = status;
    this.code = code;
    this.retryAfter = retryAfter;
  }
}

/** A task that failed or was cancelled. */
export class TaskError extends RetoneError {
  override readonly name = 'TaskError';
  readonly task: Task;

  constructor(task: Task) {
    super(200, task.error_code || task.status, task.error || `the task was ${task.status}`);
    this.task = task;
  }
}
