import { isDiskFull, type Queryable } from '@retone/database';

/** Milliseconds between two times that the counts of processes are added up, while requests come. */
const syncPause = 200;

/** Milliseconds between two times that a database with a full disk is asked to count. */
const fullPause = 5_000;

interface Count {
  /** Requests in this minute that the database knows of, of all processes. */
  known: number;
  /** Requests here that it does not know of yet. */
  pending: number;
  /** Requests of this process that are being written to the database. */
  sent: number;
  /** End of the minute, on the clock of `performance.now`. */
  end: number;
}

/**
 * Counts the requests of each account by the minute, for all processes on one database together. The first request of a
 * minute asks the database; after that each process counts for itself and adds its count to the others' five times a second,
 * so that requests cost no statement each.
 */
export class RequestCounter {
  readonly #on: Queryable;
  readonly #counts = new Map<string, Count>();
  readonly #first = new Map<string, Promise<Count>>();
  #timer: NodeJS.Timeout | undefined;

  constructor(on: Queryable) {
    this.#on = on;
  }

  /**
   * Counts a request. The minutes are the database's, so that processes whose clocks differ count in the same one.
   *
   * @returns how many there were in this minute, this one too, and how many seconds the minute still has
   */
  async count(accountId: string): Promise<{ requests: number; secondsLeft: number }> {
    let count = this.#counts.get(accountId);
    if (!count || count.end <= performance.now()) {
      const asked = this.#first.get(accountId) ?? this.#begin(accountId);
      count = await asked;
    }
    count.pending++;
    this.#timer ??= setTimeout(() => this.sync(), syncPause).unref();
    const secondsLeft = Math.max(0, (count.end - performance.now()) / 1000);
    return { requests: count.known + count.sent + count.pending, secondsLeft };
  }

  /** Adds what was counted here to the counts of all processes, and takes over theirs. */
  async sync(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const now = performance.now();
    const open: [string, number][] = [];
    for (const [accountId, count] of this.#counts) {
      if (count.end <= now) this.#counts.delete(accountId);
      else if (count.pending > 0) open.push([accountId, count.pending]);
    }
    if (open.length === 0) return;
    // Taken out of what is pending first: another call may come while the database is asked.
    const counts = open.map(([accountId, pending]) => {
      const count = this.#counts.get(accountId)!;
      count.pending -= pending;
      count.sent += pending;
      return count;
    });
    const known = await this.#add(open).catch(() => undefined);
    for (const [i, count] of counts.entries()) {
      const [, pending] = open[i]!;
      count.sent -= pending;
      if (known) {
        // Answers may overtake each other.
        count.known = known[i]!.end > count.end + 1000 ? known[i]!.known : Math.max(count.known, known[i]!.known);
        count.end = known[i]!.end;
      } else count.pending += pending; // the database is away: written later
    }
  }

  #begin(accountId: string): Promise<Count> {
    const asked = this.#add([[accountId, 0]])
      .catch((error) => {
        // A database whose disk is full still answers reads; this process then counts for itself.
        if (!isDiskFull(error)) throw error;
        return [{ known: 0, pending: 0, sent: 0, end: performance.now() + fullPause }];
      })
      .then(([count]) => {
        this.#counts.set(accountId, count!);
        return count!;
      })
      .finally(() => this.#first.delete(accountId));
    this.#first.set(accountId, asked);
    return asked;
  }

  /** Adds to the counts of accounts; answers with them in the same order. */
  async #add(added: readonly [accountId: string, requests: number][]): Promise<Count[]> {
    const sorted = added.toSorted(([a], [b]) => (a < b ? -1 : 1));
    // A statement that began in the minute before may come after one that began in this; it counts here then. In the order
    // of the accounts, so that processes do not wait for each other crosswise.
    const rows = await this.#on.query<{ accountId: string; requests: number; secondsLeft: number }>(
      `INSERT INTO request_counts AS counts (account_id, minute, requests)
       SELECT account_id, date_trunc('minute', now()), requests FROM unnest($1::text[], $2::integer[]) AS added (account_id, requests)
       ON CONFLICT (account_id) DO UPDATE SET
         requests = CASE WHEN counts.minute < excluded.minute THEN 0 ELSE counts.requests END + excluded.requests,
         minute = greatest(counts.minute, excluded.minute)
       RETURNING account_id AS "accountId", requests,
         extract(epoch FROM minute + interval '1 minute' - now())::real AS "secondsLeft"`,
      [sorted.map(([accountId]) => accountId), sorted.map(([, requests]) => requests)],
    );
    const byAccount = new Map(rows.map((row) => [row.accountId, row]));
    return added.map(([accountId]) => {
      const { requests, secondsLeft } = byAccount.get(accountId)!;
      return { known: requests, pending: 0, sent: 0, end: performance.now() + secondsLeft * 1000 };
    });
  }
}
