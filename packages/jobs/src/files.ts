import type { Queryable } from '@retone/database';

/** A file that whoever knows its token may fetch: an upload, or the output of a task. */
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
  createdAt: Date;
}

const columns = `
  token, account_id AS "accountId", task_id AS "taskId", key, name, media_type AS "mediaType", size, created_at AS "createdAt"`;

/** The files table. */
export class Files {
  readonly #db: Queryable;

  /** @param db a database, or a transaction of it */
  constructor(db: Queryable) {
    this.#db = db;
  }

  async add(file: Omit<SharedFile, 'createdAt'>): Promise<void> {
    await this.#db.query(
      `INSERT INTO files (token, account_id, task_id, key, name, media_type, size) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
      [file.token, file.accountId, file.taskId, file.key, file.name, file.mediaType, file.size],
    );
  }

  async get(token: string): Promise<SharedFile | undefined> {
    const [file] = await this.#db.query<SharedFile & Record<string, unknown>>(
      `SELECT ${columns} FROM files WHERE token = $1`,
      [token],
    );
    return file;
  }

  /** Notes that an announced upload is there. False when it was before. */
  async fill(token: string, size: number): Promise<boolean> {
    const rows = await this.#db.query('UPDATE files SET size = $2 WHERE token = $1 AND size IS NULL RETURNING token', [
      token,
      size,
    ]);
    return rows.length > 0;
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

  /** Whether a key of the file store belongs to a file here, or is the source of a task, or an adapter. */
  async isUsed(key: string): Promise<boolean> {
    const [row] = await this.#db.query<{ used: boolean }>(
      `SELECT EXISTS (SELECT FROM files WHERE key = $1) OR EXISTS (SELECT FROM tasks WHERE source_key = $1)
         OR EXISTS (SELECT FROM adapters WHERE key = $1) AS used`,
      [key],
    );
    return row!.used;
  }

  async remove(tokens: readonly string[]): Promise<void> {
    await this.#db.query('DELETE FROM files WHERE token = ANY($1)', [tokens]);
  }
}
