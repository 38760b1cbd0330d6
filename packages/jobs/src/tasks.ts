import type { TaskStatus } from '@retone/contract';
import type { Queryable } from '@retone/database';
import type { Progress } from '@retone/engine';
import type { HistoryPlace, NewTask, Task, TaskFilter, WebhookState } from './task.ts';

/** Tasks up to which a history's total is exact. */
export const mostCounted = 10_000;

const columns = `
  id, account_id AS "accountId", model, input, source_key AS "sourceKey", status, seed, base64_output AS "base64Output",
  webhook_url AS "webhookUrl", webhook, attempts, handed_back AS "handedBack",
  failed_tries AS "failedTries", progress, outputs, error, error_code AS "errorCode", warnings,
  inference_ms AS "inferenceMs", created_at AS "createdAt", started_at AS "startedAt", ended_at AS "endedAt"`;

/**
 * The tasks table. Every step of a task's life is one statement that also checks that the step may be taken, so that
 * several processes can hold the same task without harm: the first to end it does, the others learn that it had ended.
 */
export class Tasks {
  readonly #db: Queryable;

  /** @param db a database, or a transaction of it */
  constructor(db: Queryable) {
    this.#db = db;
  }

  /**
   * Adds a task. Its place in the queue (start-time fair queueing) is behind the account's own and level with the first that
   * waits: so accounts take turns, however many tasks each has, and one that was away has saved nothing up.
   */
  async create(id: string, task: NewTask): Promise<Task & { turn: number }> {
    return this.#one(
      `INSERT INTO tasks (id, account_id, model, input, source_key, seed, base64_output, webhook_url, idempotency_key,
         idempotency_hash, turn, warnings)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, greatest(
           (SELECT max(turn) + 1 FROM tasks WHERE account_id = $2 AND status IN ('created', 'processing')),
           (SELECT min(turn) FROM tasks WHERE status = 'created'),
           0), $11) RETURNING ${columns}, turn`,
      [
        id,
        task.accountId,
        task.model,
        JSON.stringify(task.input),
        task.sourceKey,
        task.seed,
        task.base64Output,
        task.webhookUrl,
        task.idempotency?.key ?? null,
        task.idempotency?.hash ?? null,
        JSON.stringify(task.warnings ?? []),
      ],
    ) as Promise<Task & { turn: number }>;
  }

  get(id: string): Promise<Task | undefined> {
    return this.#one(`SELECT ${columns} FROM tasks WHERE id = $1`, [id]);
  }

  /** A task of an account; another account's is as good as none. */
  getOf(accountId: string, id: string): Promise<Task | undefined> {
    return this.#one(`SELECT ${columns} FROM tasks WHERE id = $1 AND account_id = $2`, [id, accountId]);
  }

  /** The task that an idempotency key stands for, and the hash of the request that made it. */
  async byIdempotencyKey(accountId: string, key: string): Promise<{ task: Task; hash: string } | undefined> {
    const [row] = await this.#db.query<Task & { hash: string }>(
      `SELECT ${columns}, idempotency_hash AS hash FROM tasks WHERE account_id = $1 AND idempotency_key = $2`,
      [accountId, key],
    );
    if (!row) return undefined;
    const { hash, ...task } = row;
    return { task, hash };
  }

  /**
   * Tasks of an account, newest first.
   *
   * @returns `total` exactly up to `mostCounted`, and `next`, from which on the next page begins, where there is one
   */
  async list(
    accountId: string,
    filter: TaskFilter,
  ): Promise<{ total: number; tasks: Task[]; next: HistoryPlace | undefined }> {
    const { page, pageSize, after } = filter;
    const conditions: string[] = ['account_id = $1'];
    const values: unknown[] = [accountId];
    const where = (condition: (place: string) => string, value: unknown) => {
      if (value === undefined) return;
      values.push(value);
      conditions.push(condition(`$${values.length}`));
    };
    // Only what is asked for is in the statement, so that the index that fits is found.
    where((place) => `model = ${place}`, filter.model);
    where((place) => `status = ${place}`, filter.status);
    where((place) => `created_at > ${place}::timestamptz`, filter.createdAfter);
    where((place) => `created_at < ${place}::timestamptz`, filter.createdBefore);
    const counting = this.#db.query<{ total: number }>(
      `SELECT count(*)::integer AS total FROM (SELECT 1 FROM tasks WHERE ${conditions.join(' AND ')} LIMIT ${mostCounted}) AS counted`,
      [...values],
    );
    // Awaited below; if an earlier step fails, this error would be lost.
    counting.catch(() => {});
    if (after) {
      values.push(after.createdAt, after.id);
      conditions.push(`(created_at, id) < ($${values.length - 1}::timestamptz, $${values.length})`);
    }
    // The rows before the page are passed over in the index alone: a row is read only if it is on the page.
    const tasks = await this.#db.query<Task & { place: string }>(
      `SELECT ${columns}, created_at::text AS place FROM tasks JOIN (
         SELECT id FROM tasks WHERE ${conditions.join(' AND ')}
         ORDER BY created_at DESC, id DESC LIMIT $${values.length + 1} OFFSET $${values.length + 2}
       ) AS page USING (id) ORDER BY created_at DESC, id DESC`,
      [...values, pageSize + 1, after ? 0 : (page - 1) * pageSize],
    );
    const [counted] = await counting;
    const last = tasks.length > pageSize ? tasks[pageSize - 1] : undefined;
    return {
      total: counted!.total,
      tasks: tasks.slice(0, pageSize).map(({ place: _, ...task }) => task),
      // To the microsecond, which a Date does not have.
      next: last && { createdAt: last.place, id: last.id },
    };
  }

  /** How many tasks wait or run: of an account, or in all. */
  async countOpen(accountId?: string): Promise<number> {
    const [row] = await this.#db.query<{ count: number }>(
      `SELECT count(*)::integer AS count FROM tasks
       WHERE status IN ('created', 'processing') ${accountId === undefined ? '' : 'AND account_id = $1'}`,
      accountId === undefined ? [] : [accountId],
    );
    return row!.count;
  }

  /** The public model of the task that is next, if one waits. */
  async nextModel(): Promise<string | undefined> {
    const [next] = await this.#db.query<{ model: string }>(
      `SELECT model FROM tasks WHERE status = 'created' ORDER BY turn LIMIT 1`,
    );
    return next?.model;
  }

  /** Records the state of a task's webhook delivery. */
  async noteWebhook(id: string, webhook: WebhookState): Promise<void> {
    await this.#db.query('UPDATE tasks SET webhook = $2 WHERE id = $1', [id, JSON.stringify(webhook)]);
  }

  /** How many tasks wait in front of one that waits, of all accounts. */
  async countAhead(id: string): Promise<number> {
    const [row] = await this.#db.query<{ count: number }>(
      `SELECT count(*)::integer AS count FROM tasks, (SELECT turn, created_at, id FROM tasks WHERE id = $1) AS own
       WHERE tasks.status = 'created' AND (tasks.turn, tasks.created_at, tasks.id) < (own.turn, own.created_at, own.id)`,
      [id],
    );
    return row!.count;
  }

  /** How many tasks of all accounts have each status that is not final. */
  async countByStatus(): Promise<Partial<Record<TaskStatus, number>>> {
    const rows = await this.#db.query<{ status: TaskStatus; count: number }>(
      `SELECT status, count(*)::integer AS count FROM tasks WHERE status IN ('created', 'processing') GROUP BY status`,
    );
    return Object.fromEntries(rows.map(({ status, count }) => [status, count]));
  }

  /**
   * Starts a try; its number is `attempts`. Undefined when the task has ended meanwhile, or when a try runs and as many as
   * `suspectTries` were lost (see `lostTries`).
   */
  claim(id: string, suspectTries?: number): Promise<Task | undefined> {
    return this.#one(
      `UPDATE tasks SET status = 'processing', attempts = attempts + 1, started_at = coalesce(started_at, now()), progress = NULL
       WHERE id = $1 AND (status = 'created' OR status = 'processing'
         AND ($2::integer IS NULL OR attempts - handed_back - failed_tries < $2)) RETURNING ${columns}`,
      [id, suspectTries],
    );
  }

  /** Notes how far a try is. False when the try no longer counts: the task was cancelled, or taken up again elsewhere. */
  async report(id: string, attempt: number, progress: Progress): Promise<boolean> {
    const rows = await this.#db.query(
      `UPDATE tasks SET progress = $3 WHERE id = $1 AND attempts = $2 AND status = 'processing' RETURNING id`,
      [id, attempt, JSON.stringify(progress)],
    );
    return rows.length > 0;
  }

  /**
   * Gives a try back that the task is not to blame for: it waits again, and has one try more. Where the task was meanwhile
   * taken up elsewhere, only the number of tries is put right.
   *
   * @returns whether the task waits again
   */
  async handBack(id: string, attempt: number): Promise<boolean> {
    const [row] = await this.#db.query<{ own: boolean }>(
      `UPDATE tasks SET handed_back = handed_back + 1,
         status = CASE WHEN attempts = $2 THEN 'created' ELSE status END,
         progress = CASE WHEN attempts = $2 THEN NULL ELSE progress END
       WHERE id = $1 AND attempts >= $2 AND status = 'processing' RETURNING attempts = $2 AS own`,
      [id, attempt],
    );
    return row?.own ?? false;
  }

  /**
   * Ends a try after which the task waits for another. False when the try no longer counts.
   *
   * @param failed whether it may be the task's own fault; if not, the try was lost
   */
  async waitAgain(id: string, attempt: number, failed: boolean): Promise<boolean> {
    const rows = await this.#db.query(
      `UPDATE tasks SET status = 'created', failed_tries = failed_tries + $3, progress = NULL
       WHERE id = $1 AND attempts = $2 AND status = 'processing' RETURNING id`,
      [id, attempt, failed ? 1 : 0],
    );
    return rows.length > 0;
  }

  /** Has a task wait again, whatever became of its tries. Undefined when it has ended. */
  requeue(id: string): Promise<(Task & { turn: number }) | undefined> {
    return this.#one(
      `UPDATE tasks SET status = 'created', attempts = attempts + 1, handed_back = attempts + 1, failed_tries = 0,
         progress = NULL
       WHERE id = $1 AND status IN ('created', 'processing') RETURNING ${columns}, turn`,
      [id],
    ) as Promise<(Task & { turn: number }) | undefined>;
  }

  /** Ends a task well. Undefined when the try no longer counts; its outputs then belong to nobody. */
  complete(
    id: string,
    attempt: number,
    { outputs, inferenceMs, warnings }: Pick<Task, 'outputs' | 'inferenceMs' | 'warnings'>,
  ): Promise<Task | undefined> {
    return this.#one(
      `UPDATE tasks SET status = 'completed', outputs = $3, inference_ms = $4, warnings = warnings || $5::jsonb, ended_at = now()
       WHERE id = $1 AND attempts = $2 AND status = 'processing' RETURNING ${columns}`,
      [id, attempt, JSON.stringify(outputs), Math.round(inferenceMs), JSON.stringify(warnings)],
    );
  }

  /** Ends a task that cannot be done. Undefined when it had ended, or the given try no longer counts. */
  fail(id: string, error: Pick<Task, 'error' | 'errorCode'>, attempt?: number): Promise<Task | undefined> {
    return this.#one(
      `UPDATE tasks SET status = 'failed', error = $2, error_code = $3, ended_at = now()
       WHERE id = $1 AND status IN ('created', 'processing') AND ($4::integer IS NULL OR attempts = $4)
       RETURNING ${columns}`,
      [id, error.error, error.errorCode, attempt],
    );
  }

  /** Ends a task that is no longer wanted. Undefined when it had ended. */
  cancel(id: string): Promise<Task | undefined> {
    return this.#one(
      `UPDATE tasks SET status = 'cancelled', ended_at = now()
       WHERE id = $1 AND status IN ('created', 'processing') RETURNING ${columns}`,
      [id],
    );
  }

  /** Removes ended tasks of an account; the others of the given ids are left alone. Returns the ids removed. */
  async remove(accountId: string, ids: readonly string[]): Promise<string[]> {
    const rows = await this.#db.query<{ id: string }>(
      `DELETE FROM tasks WHERE account_id = $1 AND id = ANY($2) AND status IN ('completed', 'failed', 'cancelled') RETURNING id`,
      [accountId, ids],
    );
    return rows.map(({ id }) => id);
  }

  /** The latest tasks, of one account or of all. */
  latest(filter: { accountId?: string | undefined; status?: TaskStatus | undefined; limit: number }): Promise<Task[]> {
    return this.#db.query<Task>(
      `SELECT ${columns} FROM tasks WHERE ($1::text IS NULL OR account_id = $1) AND ($2::text IS NULL OR status = $2)
       ORDER BY created_at DESC LIMIT $3`,
      [filter.accountId, filter.status, filter.limit],
    );
  }

  /** Tasks of an account among the given ids. */
  ofAccount(accountId: string, ids: readonly string[]): Promise<Task[]> {
    return this.#db.query<Task>(`SELECT ${columns} FROM tasks WHERE account_id = $1 AND id = ANY($2)`, [
      accountId,
      ids,
    ]);
  }

  /** Removes ended tasks that were made before a moment, oldest first. Returns how many, and the keys of their files. */
  async removeEndedBefore(moment: Date, limit: number): Promise<{ tasks: number; files: string[] }> {
    const rows = await this.#db.query<{ id: string; sourceKey: string | null; keys: string[] }>(
      `WITH old AS (
         SELECT id, source_key FROM tasks WHERE created_at < $1 AND status IN ('completed', 'failed', 'cancelled')
         ORDER BY created_at LIMIT $2 FOR UPDATE SKIP LOCKED
       ), kept AS (
         SELECT old.id, old.source_key, array_remove(array_agg(files.key), NULL) AS keys
         FROM old LEFT JOIN files ON files.task_id = old.id GROUP BY old.id, old.source_key
       ), gone AS (DELETE FROM tasks USING kept WHERE tasks.id = kept.id RETURNING tasks.id)
       SELECT kept.id, source_key AS "sourceKey", keys FROM kept JOIN gone ON gone.id = kept.id`,
      [moment, limit],
    );
    const sources = rows.flatMap(({ sourceKey }) => (sourceKey?.startsWith('sources/') ? [sourceKey] : []));
    return { tasks: rows.length, files: [...rows.flatMap(({ keys }) => keys), ...sources] };
  }

  async #one(sql: string, values: readonly unknown[]): Promise<Task | undefined> {
    const [row] = await this.#db.query<Task & Record<string, unknown>>(sql, values);
    return row;
  }
}
