import type { Connection } from '@retone/client';
import { type Flags, UsageError } from './arguments.ts';
import type { Connected } from './own-service.ts';

export const serverFlag = {
  type: 'string',
  value: 'url',
  help: 'work on a Retone service instead of this machine; its key is in RETONE_KEY',
} satisfies Flags[string];

/** The service at a URL, with the key of the environment. @throws UsageError */
export function remote(server: string): Connection {
  if (!URL.canParse(server) || !/^https?:$/.test(new URL(server).protocol))
    throw new UsageError(`--server must be a URL such as http://127.0.0.1:8080 (got "${server}")`);
  const { RETONE_KEY: key } = process.env;
  if (!key)
    throw new UsageError('--server needs a key in the environment variable RETONE_KEY; retone keys create makes one');
  return { url: server, key };
}

/**
 * The service at a URL, or without one a service of this process, which works on the data folder of the settings and
 * listens on loopback alone.
 *
 * @param options.key whether the connection needs its own key
 */
export async function connect(server: string | undefined, { key }: { key: boolean }): Promise<Connected> {
  if (server !== undefined) {
    const connection = key ? remote(server) : { url: server, key: '' };
    return { connection, async close() {} };
  }
  return (await import('./own-service.ts')).ownService({ key });
}
