import type { Queryable } from '@retone/database';

/** A file that anyone with its token may fetch: an upload, or the output of a task. */
export interface SharedFile {
  /** Unguessable; part of the file's URL. */
  token: string;
  accountId: string;
  taskId: string | null;
  /** Where its bytes are in the file store. */
  key: string;
  /** The name it is downloaded under. */
  name: string;
  mediaType: string;
  /** Bytes; null while an upload is announced and not there. */
  size: number | null;
  /** Bytes that an upload was announced with. */
  announcedSize?: number | null | undefined;
  createdAt: Date;
}

const columns = `
  token, account_id AS "accountId", task_id AS "taskId", key, name, media_type AS "mediaType", size,
  announced_size AS "announcedSize", created_at AS "createdAt"`;

/** The files table. */
export class Files {
  readonly #db: Queryable;

  /** @param db a database, or a transaction of it */
  constructor(db: Queryable) {
    this.#db = db;
  }

  async add(file: Omit<SharedFile, 'createdAt'>): Promise<void> {
    await this.#db.query(
      `INSERT INTO files (token, account_id, task_id, key, name, media_type, size, announced_size)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
      [file.token, file.accountId, file.taskId, file.key, file.name, file.mediaType, file.size, file.announcedSize],
    );
  }

  async get(token: string): Promise<SharedFile | undefined> {
    const [file] = await this.#db.query<SharedFile & Record<string, unknown>>(
      `SELECT ${columns} FROM files WHERE token = $1`,
      [token],
    );
    return file;
  }

  /** Notes that an announced upload is there, and where. False when it was before. */
  async fill(token: string, { key, size }: Pick<SharedFile, 'key'> & { size: number }): Promise<boolean> {
    const rows = await this.#db.query(
      'UPDATE files SET key = $2, size = $3 WHERE token = $1 AND size IS NULL RETURNING token',
      [token, key, size],
    );
    return rows.length > 0;
  }

  /** Storage of an account's uploads and adapters; announced uploads count as present. */
  async uploadedBytes(accountId: string): Promise<{ files: number; bytes: number }> {
    const [row] = await this.#db.query<{ files: number; bytes: number }>(
      `SELECT count(*)::integer AS files, coalesce(sum(size), 0)::bigint AS bytes FROM (
         SELECT coalesce(size, announced_size) AS size FROM files WHERE account_id = $1 AND task_id IS NULL
         UNION ALL SELECT size FROM adapters WHERE account_id = $1
       ) AS uploads`,
      [accountId],
    );
    return row!;
  }

  /** Files of tasks. */
  ofTasks(taskIds: readonly string[]): Promise<SharedFile[]> {
    return this.#db.query<SharedFile & Record<string, unknown>>(
      `SELECT ${columns} FROM files WHERE task_id = ANY($1)`,
      [taskIds],
    );
  }

  /** Uploads that came before a moment, oldest first. */
  uploadsBefore(moment: Date, limit: number): Promise<SharedFile[]> {
    return this.#db.query<SharedFile & Record<string, unknown>>(
      `SELECT ${columns} FROM files WHERE task_id IS NULL AND created_at < $1 ORDER BY created_at LIMIT $2`,
      [moment, limit],
    );
  }

  /** Of some keys of the file store, those that belong to no file, are no task's source and no adapter. */
  async unused(keys: readonly string[]): Promise<string[]> {
    const rows = await this.#db.query<{ key: string }>(
      `SELECT key FROM unnest($1::text[]) AS stored (key)
       WHERE NOT EXISTS (SELECT FROM files WHERE files.key = stored.key)
         AND NOT EXISTS (SELECT FROM tasks WHERE source_key = stored.key)
         AND NOT EXISTS (SELECT FROM adapters WHERE adapters.key = stored.key)`,
      [keys],
    );
    return rows.map(({ key }) => key);
  }

  async remove(tokens: readonly string[]): Promise<void> {
    await this.#db.query('DELETE FROM files WHERE token = ANY($1)', [tokens]);
  }
}
