export { atomically, type Connections, type Database, type Queryable, type Row } from './database.ts';
export { DatabaseError, type DatabaseErrorCode, hasCode, isDiskFull, isLocked, isOutage } from './errors.ts';
export { type Migration, migrate } from './migrate.ts';
export { type DatabaseOptions, openDatabase, restoreDatabase } from './open.ts';
