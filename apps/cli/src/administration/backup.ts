import { createReadStream, createWriteStream } from 'node:fs';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { makeFolder } from '@retone/common';
import { restoreDatabase } from '@retone/database';
import { openStore, readSettings } from '@retone/server';
import manifest from '../../package.json' with { type: 'json' };
import { UsageError } from '../arguments.ts';
import type { Administration } from './context.ts';

// A backup is a folder: `database`, `files/<key>`, and `backup.json`, which comes last and says that it is whole.

interface BackupFacts {
  version: string;
  kind: 'pglite' | 'postgres';
  at: string;
  files: number;
}

/** `retone backup <folder>`: what the service has, while it runs. */
export async function backup({ service, print }: Administration, [folder]: string[]): Promise<void> {
  if (!folder) throw new UsageError('backup takes the folder to make');
  makeFolder(folder, 0o700);
  if ((await readdir(folder)).length > 0) throw new UsageError(`${folder} must be empty or new`);
  const { database, store } = service;
  // The database first: the files of every row in it are there, unless they are deleted in this moment.
  await database.backup(join(folder, 'database'));
  let files = 0;
  for await (const { key } of store.list('')) {
    const opened = await store.open(key);
    if (!opened) continue; // deleted meanwhile
    const path = join(folder, 'files', ...key.split('/'));
    makeFolder(dirname(path), 0o700);
    await pipeline(opened.stream, createWriteStream(path, { mode: 0o600 }));
    files++;
  }
  const facts: BackupFacts = { version: manifest.version, kind: database.kind, at: new Date().toISOString(), files };
  await writeFile(join(folder, 'backup.json'), `${JSON.stringify(facts, undefined, 2)}\n`, { mode: 0o600 });
  print(`${folder} has the database and ${files} files`);
}

/** `retone restore <folder>`: into an empty database and store, with the service stopped. */
export async function restore(args: string[]): Promise<void> {
  const [folder] = args;
  if (!folder) throw new UsageError('restore takes the folder of a backup');
  let facts: BackupFacts;
  try {
    facts = JSON.parse(await readFile(join(folder, 'backup.json'), 'utf8')) as BackupFacts;
  } catch {
    throw new UsageError(`${folder} must be a whole backup: it has no backup.json that can be read`);
  }
  process.umask(0o077);
  const settings = readSettings(process.env);
  const kind = settings.DATABASE_URL ? 'postgres' : 'pglite';
  if (facts.kind !== kind) {
    throw new UsageError(`${folder} is of ${facts.kind} and must be restored to that; the settings say ${kind}`);
  }
  const store = openStore(settings);
  for await (const { key } of store.list('')) throw new UsageError(`the store of files must be empty; it has ${key}`);
  await restoreDatabase(
    { url: settings.DATABASE_URL, folder: join(settings.RETONE_DATA, 'database') },
    join(folder, 'database'),
  );
  let files = 0;
  for await (const path of filesIn(join(folder, 'files'))) {
    const key = relative(join(folder, 'files'), path).split(sep).join('/');
    await store.put(key, createReadStream(path));
    files++;
  }
  console.log(`the database of ${facts.at} and ${files} files are restored`);
}

async function* filesIn(folder: string): AsyncGenerator<string, void> {
  const exists = await stat(folder).catch(() => undefined);
  if (!exists) return;
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true })) {
    if (entry.isFile()) yield join(entry.parentPath, entry.name);
  }
}
