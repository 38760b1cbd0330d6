import type { Queryable } from '@retone/database';

/** Counts the requests of each account by the minute, for all processes on one database together. */
export class RequestCounter {
  readonly #on: Queryable;

  constructor(on: Queryable) {
    this.#on = on;
  }

  /**
   * Counts a request. The minutes are the database's, so that processes whose clocks differ count in the same one.
   *
   * @returns how many there were in this minute, this one too, and how many seconds the minute still has
   */
  async count(accountId: string): Promise<{ requests: number; secondsLeft: number }> {
    // A statement that began in the minute before may come after one that began in this; it counts here then.
    const [row] = await this.#on.query<{ requests: number; secondsLeft: number }>(
      `INSERT INTO request_counts AS counts (account_id, minute, requests) VALUES ($1, date_trunc('minute', now()), 1)
       ON CONFLICT (account_id) DO UPDATE SET
         requests = CASE WHEN counts.minute < excluded.minute THEN 1 ELSE counts.requests + 1 END,
         minute = greatest(counts.minute, excluded.minute)
       RETURNING requests, extract(epoch FROM minute + interval '1 minute' - now())::real AS "secondsLeft"`,
      [accountId],
    );
    return row!;
  }
}
