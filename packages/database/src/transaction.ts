import { AsyncLocalStorage } from 'node:async_hooks';
import type { Queryable } from './database.ts';
import { DatabaseError, hasCode } from './errors.ts';

const attempts = 5;

/** The transactions that the code now running is inside of, by database. */
const current = new AsyncLocalStorage<{ database: object; open: boolean }>();

/**
 * Runs `work` in a transaction that `begin` opens and ends, again after a failure that another transaction caused.
 *
 * @param begin runs its argument between BEGIN and COMMIT, or ROLLBACK if it throws
 */
export async function runTransaction<T>(
  database: object,
  begin: (work: (connection: Queryable) => Promise<T>) => Promise<T>,
  work: (tx: Queryable) => Promise<T>,
): Promise<T> {
  refuseInside(database);
  for (let attempt = 1; ; attempt++) {
    const state = { database, open: true };
    try {
      return await begin((connection) => current.run(state, work, whileOpen(connection, state)));
    } catch (error) {
      const caused = hasCode(error, '40001') || hasCode(error, '40P01');
      if (!caused || attempt === attempts) throw error;
    } finally {
      state.open = false;
    }
  }
}

/**
 * @throws DatabaseError `misuse` when called inside a transaction of this database. On PGlite the call would wait for that
 * transaction, which waits for the call; on a server it would not see the transaction's changes.
 */
export function refuseInside(database: object): void {
  const state = current.getStore();
  if (state?.open && state.database === database) {
    throw new DatabaseError('misuse', 'the database was used inside its own transaction: use the transaction instead');
  }
}

/** After its end a transaction's connection is someone else's. */
function whileOpen(connection: Queryable, state: { open: boolean }): Queryable {
  return {
    query: async (sql, parameters) => {
      if (!state.open) throw new DatabaseError('misuse', 'the transaction was used after its end');
      return connection.query(sql, parameters);
    },
  };
}
