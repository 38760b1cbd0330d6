import { randomBytes } from 'node:crypto';
import type { ModelId, TaskErrorCode, TaskInput, TaskStatus, webhookStates } from '@retone/contract';
import type { Progress } from '@retone/engine';

/** State of the webhook delivery. */
export interface WebhookState {
  state: (typeof webhookStates)[number];
  attempts: number;
  /** The error of the latest attempt; empty if it succeeded. */
  error: string;
  /** ISO 8601; null when there is no next one. */
  nextAttemptAt: string | null;
}

/** A request for sound, and what became of it. */
export interface Task {
  /** 32 hex digits. */
  id: string;
  accountId: string;
  model: ModelId;
  input: TaskInput;
  sourceKey: string | null;
  status: TaskStatus;
  seed: number;
  base64Output: boolean;
  webhookUrl: string | null;
  /** Null if there is no webhook, or no delivery yet. */
  webhook: WebhookState | null;
  /** Tries that were begun: the number of the latest. */
  attempts: number;
  /** How many of them were handed back: by workers that stopped, or because database or storage were away. */
  handedBack: number;
  /** How many of them failed by what may be the task's own fault. */
  failedTries: number;
  progress: Progress | null;
  /** Tokens of the output files. */
  outputs: string[];
  /** Empty, or a sentence. */
  error: string;
  /** Why the task failed, for programs; empty if it did not. */
  errorCode: TaskErrorCode | '';
  /** Sentences: what of the request had no effect. */
  warnings: string[];
  inferenceMs: number;
  createdAt: Date;
  startedAt: Date | null;
  endedAt: Date | null;
}

/** A task at its submission. */
export type NewTask = Pick<
  Task,
  'accountId' | 'model' | 'input' | 'sourceKey' | 'seed' | 'base64Output' | 'webhookUrl'
> & {
  /** Sentences about the request, from the check of the request. */
  warnings?: string[] | undefined;
  /** The client's name for the submission, and a hash of all that it said. */
  idempotency?: { key: string; hash: string } | undefined;
};

/** Which tasks of an account, newest first. */
export interface TaskFilter {
  model?: string | undefined;
  status?: TaskStatus | undefined;
  createdAfter?: Date | undefined;
  createdBefore?: Date | undefined;
  /** From 1; only without `after`. */
  page: number;
  pageSize: number;
  /** Where the page before ended: the way to any depth. */
  after?: HistoryPlace | undefined;
}

/** A place in an account's history. */
export interface HistoryPlace {
  /** As the database writes it. */
  createdAt: string;
  id: string;
}

/** 32 hex digits from the system's random source. */
export function newTaskId(): string {
  return randomBytes(16).toString('hex');
}
