// For the tests of rooms that use a database: `import { onEveryDatabase } from '@retone/database/testing'`.
export { type DatabaseTests, onEveryDatabase } from './databases.ts';
export { type MutableRoute, mutableRoute } from './muted.ts';
export { installedPostgres, postgresBinaries, startPostgres, type TestServer } from './postgres.ts';
export { type SmallDisk, smallDisk } from './small-disk.ts';
