import { Ledger } from '@retone/billing';
import { CodedError } from '@retone/common';
import { isEnded } from '@retone/contract';
import { type Database, hasCode, type Queryable } from '@retone/database';
import type { FileStore } from '@retone/storage';
import { Files, type SharedFile } from './files.ts';
import type { Queue } from './queue.ts';
import { deleteFiles } from './retention.ts';
import { type NewTask, newTaskId, type Task } from './task.ts';
import { Tasks } from './tasks.ts';

/** Channel on which every change of a task is notified; the payload is the task's id. */
export const taskChannel = 'retone_tasks';

/** A task that cannot be taken in. */
export class SubmissionError extends CodedError<'queue-full' | 'account-queue-full' | 'idempotency-mismatch'> {}

export interface LifecycleOptions {
  database: Database;
  store: FileStore;
  queue: Queue;
  /** Off: nothing is held, and so nothing is charged. */
  billing: 'on' | 'off';
  /** Most tasks that may wait or run at once, of all accounts together; exceeded at most by what other processes take in within a second. */
  queueLimit: number;
  /** Most tasks of one account that may wait or run, likewise; the same limit if not given. */
  accountQueueLimit?: number | undefined;
  /** Called for each task that this process has ended, whatever its status. */
  onEnd?: ((task: Task) => void) | undefined;
}

export interface Submission {
  /** With `idempotency`, the same submission may come again. */
  task: NewTask;
  /** Micro-dollars. */
  price: number;
  /** The key that it came with, for bills. */
  keyId?: string | undefined;
  /** How many of the account's tasks may run at once; the queue's setting if null or absent. */
  tasksAtOnce?: number | null | undefined;
}

/**
 * The life of tasks across tables: task, money, queue and files change together or not at all, so that whatever crashes,
 * each task ends once, and is paid for once or not at all.
 */
export class Lifecycle {
  readonly #options: LifecycleOptions;

  readonly #open: OpenTasks;
  /** Of accounts that submitted lately, the latest one last. */
  readonly #openOf = new Map<string, OpenTasks>();

  constructor(options: LifecycleOptions) {
    this.#options = options;
    this.#open = new OpenTasks(() => new Tasks(options.database).countOpen());
  }

  /**
   * Takes a task in. The same idempotency key gives the first task again.
   *
   * @throws SubmissionError when the queue is full, or the key came with another request; InsufficientCredit
   */
  async submit({ task, price, keyId, tasksAtOnce }: Submission): Promise<Task> {
    const { database, queue } = this.#options;
    const { idempotency } = task;
    const again = async (db: Queryable) => {
      const known = idempotency && (await new Tasks(db).byIdempotencyKey(task.accountId, idempotency.key));
      if (!known) return undefined;
      if (known.hash === idempotency.hash) return known.task;
      throw new SubmissionError(
        'idempotency-mismatch',
        'this Idempotency-Key came with another request before; use a new one',
      );
    };
    try {
      if (idempotency) {
        const known = await again(database);
        if (known) return known;
      }
      await this.#checkLimits(task.accountId);
      const id = newTaskId();
      const created = await database.transaction(async (tx) => {
        const { turn, ...created } = await new Tasks(tx).create(id, task);
        await queue.addTask(tx, created, turn, tasksAtOnce);
        // Last, as other submissions of the account wait from here on.
        await this.#ledger(tx).hold(task.accountId, id, price, { model: task.model, keyId });
        return created;
      });
      this.#open.submitted();
      this.#openTasksOf(task.accountId).submitted();
      return created;
    } catch (error) {
      // Two requests with one key at once: the table lets one in, and the other gets its answer.
      const known = hasCode(error, '23505') && (await again(database));
      if (known) return known;
      throw error;
    }
  }

  async #checkLimits(accountId: string): Promise<void> {
    const { queueLimit, accountQueueLimit = queueLimit } = this.#options;
    if (await this.#open.isFull(queueLimit)) {
      throw new SubmissionError('queue-full', `${queueLimit} tasks are waiting already; try again later`);
    }
    if (await this.#openTasksOf(accountId).isFull(accountQueueLimit)) {
      const message = `${accountQueueLimit} tasks of this account are waiting already; try again later`;
      throw new SubmissionError('account-queue-full', message);
    }
  }

  #openTasksOf(accountId: string): OpenTasks {
    const { database } = this.#options;
    const open = this.#openOf.get(accountId) ?? new OpenTasks(() => new Tasks(database).countOpen(accountId));
    this.#openOf.delete(accountId);
    this.#openOf.set(accountId, open);
    if (this.#openOf.size > mostCounts) this.#openOf.delete(this.#openOf.keys().next().value!);
    return open;
  }

  /** Ends a try well. False when it no longer counts; the files are then the caller's to remove. */
  async complete(
    task: Task,
    files: Omit<SharedFile, 'createdAt'>[],
    inferenceMs: number,
    warnings: string[] = [],
  ): Promise<boolean> {
    return this.#end(async (tx) => {
      const outputs = files.map(({ token }) => token);
      const ended = await new Tasks(tx).complete(task.id, task.attempts, { outputs, inferenceMs, warnings });
      if (!ended) return undefined;
      for (const file of files) await new Files(tx).add(file);
      await this.#ledger(tx).charge(task.id);
      return ended;
    });
  }

  /**
   * Ends a task that cannot be done. False when it had ended.
   *
   * @param attempt the try that found out; false too when that one no longer counts
   */
  fail(taskId: string, error: Pick<Task, 'error' | 'errorCode'>, attempt?: number): Promise<boolean> {
    return this.#end(async (tx) => {
      const ended = await new Tasks(tx).fail(taskId, error, attempt);
      if (ended) await this.#ledger(tx).release(taskId);
      return ended;
    });
  }

  /** Ends a task that is no longer wanted. False when it had ended. A worker that has it stops at its next step. */
  cancel(taskId: string): Promise<boolean> {
    return this.#end(async (tx) => {
      const ended = await new Tasks(tx).cancel(taskId);
      if (ended) await this.#ledger(tx).release(taskId);
      return ended;
    });
  }

  /**
   * Queues a task that has not ended again, whoever has it: its try no longer counts. For tasks that a worker keeps and does
   * not do. False when it has ended.
   */
  requeue(taskId: string): Promise<boolean> {
    const { database, queue } = this.#options;
    return database.transaction(async (tx) => {
      const requeued = await new Tasks(tx).requeue(taskId);
      if (requeued) await queue.addTask(tx, requeued, requeued.turn);
      return requeued !== undefined;
    });
  }

  /** Removes tasks of an account with their files; one that has not ended is cancelled. Returns how many there were. */
  async remove(accountId: string, ids: readonly string[]): Promise<number> {
    const { database, store } = this.#options;
    const owned = await new Tasks(database).ofAccount(accountId, ids);
    for (const { id, status } of owned) if (!isEnded(status)) await this.cancel(id);
    const ownedIds = owned.map(({ id }) => id);
    const files = await new Files(database).ofTasks(ownedIds);
    const removed = await new Tasks(database).remove(accountId, ownedIds);
    // Rows first: a file without a row is deleted as a stray, a row without its file would be a broken promise.
    const sources = owned.flatMap(({ sourceKey }) => (sourceKey?.startsWith('sources/') ? [sourceKey] : []));
    await deleteFiles(store, [...files.map(({ key }) => key), ...sources]);
    for (const id of removed) await database.notify(taskChannel, id);
    return removed.length;
  }

  #ledger(tx: Queryable): Ledger {
    return new Ledger(tx, { billing: this.#options.billing });
  }

  async #end(change: (tx: Queryable) => Promise<Task | undefined>): Promise<boolean> {
    const { database, queue, onEnd } = this.#options;
    const ended = await database.transaction(async (tx) => {
      const task = await change(tx);
      if (!task) return undefined;
      await tx.query('SELECT pg_notify($1, $2)', [taskChannel, task.id]);
      if (task.webhookUrl && task.status !== 'cancelled') {
        await queue.addWebhook(tx, task.id, task.accountId);
        const nextAttemptAt = new Date().toISOString();
        await new Tasks(tx).noteWebhook(task.id, { state: 'waiting', attempts: 0, error: '', nextAttemptAt });
      }
      return task;
    });
    if (ended) onEnd?.(ended);
    return ended !== undefined;
  }
}

/** Accounts whose open tasks are counted at a time. */
const mostCounts = 10_000;
/** Milliseconds for which a count of open tasks is good: it is taken with every submission otherwise. */
const countPause = 1_000;
/** The same for a count that says that the queue is full: a task may have ended since. */
const fullCountPause = 50;

/** About how many tasks are open: counted now and then, and what is submitted here added at once. */
class OpenTasks {
  readonly #ask: () => Promise<number>;
  #asked: Promise<number> | undefined;
  #at = -Infinity;
  #since = 0;

  constructor(ask: () => Promise<number>) {
    this.#ask = ask;
  }

  async isFull(limit: number): Promise<boolean> {
    return (await this.#count(countPause)) >= limit && (await this.#count(fullCountPause)) >= limit;
  }

  /** @param pause milliseconds for which an earlier count is good enough */
  async #count(pause: number): Promise<number> {
    if (!this.#asked || performance.now() - this.#at > pause) {
      this.#at = performance.now();
      this.#since = 0;
      this.#asked = this.#ask();
      this.#asked.catch(() => {
        this.#asked = undefined;
      });
    }
    return (await this.#asked) + this.#since;
  }

  submitted(): void {
    this.#since++;
  }
}
