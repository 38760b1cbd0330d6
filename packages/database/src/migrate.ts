import type { Database } from './database.ts';
import { DatabaseError } from './errors.ts';

/** One step of the schema's history. Once released it is never changed: a later step corrects it. */
export interface Migration {
  /** Unique among all rooms that share the database, for example `billing-1-accounts`. */
  name: string;
  /** Any number of statements, without BEGIN and COMMIT. */
  sql: string;
}

/** Any number, as long as nothing else in the database takes the same advisory lock. */
const lock = 0x7265746f6e65;

/**
 * Applies the migrations that the database has not had yet, in order, all or none. Several processes may do so at once: one
 * works and the others wait for it.
 */
export async function migrate(database: Database, migrations: readonly Migration[]): Promise<void> {
  await database.transaction(
    async (tx) => {
      await tx.query('SELECT pg_advisory_xact_lock($1)', [lock]);
      await tx.query(
        `CREATE TABLE IF NOT EXISTS retone_migrations (
         name text PRIMARY KEY,
         applied_at timestamptz NOT NULL DEFAULT now()
       )`,
      );
      const applied = await tx.query<{ name: string }>('SELECT name FROM retone_migrations');
      refuseNewer(
        applied.map(({ name }) => name),
        migrations,
      );
      const known = new Set(applied.map(({ name }) => name));
      for (const { name, sql } of migrations) {
        if (known.has(name)) continue;
        await tx.query(sql);
        await tx.query('INSERT INTO retone_migrations (name) VALUES ($1)', [name]);
      }
    },
    { patient: true },
  );
}

/** A program that does not know the tables would write into them as if they were the old ones. */
function refuseNewer(applied: readonly string[], migrations: readonly Migration[]): void {
  const room = (name: string) => name.split('-')[0];
  const rooms = new Set(migrations.map(({ name }) => room(name)));
  const known = new Set(migrations.map(({ name }) => name));
  const newer = applied.filter((name) => rooms.has(room(name)) && !known.has(name));
  if (newer.length === 0) return;
  throw new DatabaseError(
    'too-new',
    `the database was upgraded by a newer version of Retone (${newer.join(', ')}): run that version or a newer one, ` +
      'or restore the backup from before the upgrade',
  );
}
