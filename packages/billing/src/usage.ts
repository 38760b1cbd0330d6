import type { Queryable } from '@retone/database';

/** A price that was taken for a task, or given back. */
export interface BillingEntry {
  id: number;
  type: 'deduct' | 'refund';
  /** Micro-dollars. */
  price: number;
  createdAt: Date;
  taskId: string;
  /** Public model id; null for entries from before models were noted. */
  model: string | null;
  keyId: string | null;
  keyName: string | null;
}

export interface BillingFilter {
  type?: BillingEntry['type'] | undefined;
  taskIds?: readonly string[] | undefined;
  from?: Date | undefined;
  to?: Date | undefined;
  model?: string | undefined;
  keyId?: string | undefined;
  oldestFirst?: boolean | undefined;
  /** From 1. */
  page: number;
  pageSize: number;
}

/** Usage of a model by an account on a day. */
export interface DayUsage {
  /** `2026-11-22`, in UTC. */
  day: string;
  model: string | null;
  requests: number;
  completed: number;
  /** Micro-dollars that were charged. */
  cost: number;
}

/** Usage of accounts, from the ledger. */
export class Usage {
  readonly #on: Queryable;

  constructor(on: Queryable) {
    this.#on = on;
  }

  /** Prices taken and given back, newest first unless asked otherwise. A hold is taken at once; its release alone is a refund. */
  async search(accountId: string, filter: BillingFilter): Promise<{ total: number; items: BillingEntry[] }> {
    const { type, taskIds, from, to, model, keyId, oldestFirst, page, pageSize } = filter;
    const matching = `
      FROM ledger_entries AS entry
      WHERE account_id = $1
        AND (kind = 'hold' AND $2::text IS DISTINCT FROM 'refund' OR kind = 'release' AND $2::text IS DISTINCT FROM 'deduct'
          AND NOT EXISTS (SELECT FROM ledger_entries WHERE task_id = entry.task_id AND kind = 'charge'))
        AND ($3::text[] IS NULL OR task_id = ANY($3))
        AND ($4::timestamptz IS NULL OR created_at >= $4) AND ($5::timestamptz IS NULL OR created_at <= $5)
        AND ($6::text IS NULL OR model = $6) AND ($7::text IS NULL OR key_id = $7)`;
    const values = [accountId, type, taskIds, from, to, model, keyId];
    const [counted] = await this.#on.query<{ total: number }>(`SELECT count(*)::integer AS total ${matching}`, values);
    const order = oldestFirst ? 'ASC' : 'DESC';
    const items = await this.#on.query<BillingEntry>(
      `SELECT id, CASE kind WHEN 'hold' THEN 'deduct' ELSE 'refund' END AS type, abs(amount) AS price,
         created_at AS "createdAt", task_id AS "taskId", model, key_id AS "keyId",
         (SELECT name FROM api_keys WHERE api_keys.id = entry.key_id) AS "keyName"
       ${matching} ORDER BY entry.id ${order} LIMIT $8 OFFSET $9`,
      [...values, pageSize, (page - 1) * pageSize],
    );
    return { total: counted!.total, items };
  }

  /** Usage by day and model, oldest day first. */
  byDay(accountId: string, { from, to, model }: Pick<BillingFilter, 'from' | 'to' | 'model'>): Promise<DayUsage[]> {
    return this.#on.query<DayUsage>(
      `SELECT to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD') AS day, model,
         count(*) FILTER (WHERE kind = 'hold')::integer AS requests,
         count(*) FILTER (WHERE kind = 'charge')::integer AS completed,
         coalesce(-sum(amount) FILTER (WHERE kind = 'charge'), 0)::bigint AS cost
       FROM ledger_entries
       WHERE account_id = $1 AND kind IN ('hold', 'charge')
         AND ($2::timestamptz IS NULL OR created_at >= $2) AND ($3::timestamptz IS NULL OR created_at <= $3)
         AND ($4::text IS NULL OR model = $4)
       GROUP BY day, model ORDER BY day, model`,
      [accountId, from, to, model],
    );
  }
}
