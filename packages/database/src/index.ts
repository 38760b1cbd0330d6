export { atomically, type Database, type Queryable, type Row } from './database.ts';
export { DatabaseError, type DatabaseErrorCode, hasCode, isOutage } from './errors.ts';
export { type Migration, migrate } from './migrate.ts';
export { type DatabaseOptions, openDatabase } from './open.ts';
