import type { Queryable } from '@retone/database';

/** Open work of all processes together. */
export interface OpenWork {
  /** Tasks that wait. */
  created: number;
  /** Tasks that run. */
  processing: number;
  /** Age of the oldest task that waits, in seconds; 0 if none does. */
  oldestSeconds: number;
  /** Webhooks to be sent, later ones of those that were refused too. */
  webhooks: number;
}

/** Counts what there is to do. */
export async function openWork(database: Queryable): Promise<OpenWork> {
  const [row] = await database.query<OpenWork>(
    `SELECT count(*) FILTER (WHERE status = 'created')::integer AS created,
       count(*) FILTER (WHERE status = 'processing')::integer AS processing,
       coalesce(extract(epoch FROM now() - min(created_at) FILTER (WHERE status = 'created')), 0)::float8 AS "oldestSeconds",
       (SELECT count(*)::integer FROM pgboss.job WHERE name = 'webhooks' AND state IN ('created', 'retry', 'active')) AS webhooks
     FROM tasks WHERE status IN ('created', 'processing')`,
  );
  return row!;
}
