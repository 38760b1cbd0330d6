import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { DatabaseError } from './errors.ts';

const run = promisify(execFile);

/**
 * Runs a program of Postgres's own.
 *
 * @throws DatabaseError `no-tool` when it is not installed, `tool-failed` with what it said
 */
export async function runTool(name: 'pg_dump' | 'pg_restore', args: readonly string[], url: string): Promise<void> {
  // The URL holds the password: command lines can be read by everybody on the machine, environments cannot.
  const { password, ...rest } = connectionOf(url);
  try {
    await run(name, [...args], { env: { ...process.env, ...rest, ...(password ? { PGPASSWORD: password } : {}) } });
  } catch (error) {
    const { code, stderr = '' } = error as NodeJS.ErrnoException & { stderr?: string };
    if (code === 'ENOENT') throw new DatabaseError('no-tool', `${name} must be installed (Debian: postgresql-client)`);
    throw new DatabaseError('tool-failed', `${name} failed: ${stderr.trim().split('\n').at(-1)}`);
  }
}

/** A database URL as the environment variables of libpq's programs. */
function connectionOf(url: string): Record<string, string> & { password?: string } {
  const { hostname, port, pathname, username, password, searchParams } = new URL(url);
  const ssl = searchParams.get('sslmode');
  return {
    PGHOST: searchParams.get('host') ?? decodeURIComponent(hostname),
    PGDATABASE: decodeURIComponent(pathname.slice(1)),
    ...(port ? { PGPORT: port } : {}),
    ...(username ? { PGUSER: decodeURIComponent(username) } : {}),
    ...(password ? { password: decodeURIComponent(password) } : {}),
    ...(ssl ? { PGSSLMODE: ssl } : {}),
  };
}
