import type { Queryable } from '@retone/database';

/** An adapter that an account has uploaded. */
export interface StoredAdapter {
  id: string;
  accountId: string;
  /** The name of the file that it came as. */
  name: string;
  /** Where its bytes are in the file store. */
  key: string;
  /** Bytes. */
  size: number;
  /** SHA-256 of its content in hex; null for one from before this was noted. */
  hash: string | null;
  createdAt: Date;
}

const columns = `id, account_id AS "accountId", name, key, size::float8 AS size, hash, created_at AS "createdAt"`;

/** Channel on which the hash of a deleted adapter is sent: workers have copies for the engine. */
export const adapterChannel = 'retone_adapters';

/** The adapters table. What an account has uploaded stays until it deletes it, and no other account sees it. */
export class StoredAdapters {
  readonly #db: Queryable;

  /** @param db a database, or a transaction of it */
  constructor(db: Queryable) {
    this.#db = db;
  }

  async add({ id, accountId, name, key, size, hash }: Omit<StoredAdapter, 'createdAt'>): Promise<StoredAdapter> {
    const [added] = await this.#db.query<StoredAdapter & Record<string, unknown>>(
      `INSERT INTO adapters (id, account_id, name, key, size, hash) VALUES ($1, $2, $3, $4, $5, $6) RETURNING ${columns}`,
      [id, accountId, name, key, size, hash],
    );
    return added!;
  }

  async get(accountId: string, id: string): Promise<StoredAdapter | undefined> {
    const [found] = await this.#db.query<StoredAdapter & Record<string, unknown>>(
      `SELECT ${columns} FROM adapters WHERE account_id = $1 AND id = $2`,
      [accountId, id],
    );
    return found;
  }

  /** Whether any account has an adapter of this content. */
  async isKept(hash: string): Promise<boolean> {
    const rows = await this.#db.query('SELECT 1 FROM adapters WHERE hash = $1 LIMIT 1', [hash]);
    return rows.length > 0;
  }

  /** Newest first. */
  list(accountId: string): Promise<StoredAdapter[]> {
    return this.#db.query<StoredAdapter & Record<string, unknown>>(
      `SELECT ${columns} FROM adapters WHERE account_id = $1 ORDER BY created_at DESC, id`,
      [accountId],
    );
  }

  /** Undefined when there was none. */
  async remove(accountId: string, id: string): Promise<StoredAdapter | undefined> {
    const [removed] = await this.#db.query<StoredAdapter & Record<string, unknown>>(
      `DELETE FROM adapters WHERE account_id = $1 AND id = $2 RETURNING ${columns}`,
      [accountId, id],
    );
    return removed;
  }
}
