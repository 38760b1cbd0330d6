import type { Database } from './database.ts';
import type { ServerLimits } from './server.ts';

export interface DatabaseOptions {
  /** A Postgres server, as `postgres://user:password@host:port/name`. */
  url?: string | undefined;
  /**
   * PGlite's data folder, made if absent; only one process at a time may have it open (`<folder>.lock` sees to that). What is
   * committed survives the death of the process, but PGlite does not force it to disk against a power failure. Neither URL
   * nor folder: a database in memory.
   */
  folder?: string | undefined;
  /** Limits on the use of a server; PGlite is in this process and needs none. */
  limits?: Partial<ServerLimits> | undefined;
}

/** Makes a database from what `Database.backup` has written. @throws DatabaseError `not-empty`, `no-tool` or `tool-failed` */
export async function restoreDatabase(
  { url, folder }: { url?: string | undefined; folder: string },
  backup: string,
): Promise<void> {
  if (url !== undefined) return (await import('./server.ts')).restoreServer(url, backup);
  return (await import('./pglite.ts')).restorePglite(folder, backup);
}

/**
 * Opens a database: a Postgres server if there is a URL, else PGlite.
 *
 * @throws DatabaseError `bad-url`, `unreachable`, `bad-folder`, or `locked` when another process has the folder open
 */
export async function openDatabase({ url, folder, limits }: DatabaseOptions = {}): Promise<Database> {
  // Only the one that is used is loaded: PGlite is 20 MB of WebAssembly.
  if (url !== undefined) return (await import('./server.ts')).openServer(url, limits);
  return (await import('./pglite.ts')).openPglite(folder);
}
