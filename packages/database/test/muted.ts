import { connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';

/** A way to a test's Postgres server that can fall silent, as connections do behind a firewall that forgets them. */
export interface MutableRoute {
  /** The database's URL by this way. */
  url: string;
  /** From now on nothing passes through the connections that are open; no error is raised. New ones are not affected. */
  mute(): void;
  /** From now on new connections are accepted and silent too, until `restore`. */
  muteAll(): void;
  restore(): void;
  close(): Promise<void>;
}

/** @param url of a database of `startPostgres` */
export async function mutableRoute(url: string): Promise<MutableRoute> {
  const given = new URL(url);
  const socketPath = join(given.searchParams.get('host')!, '.s.PGSQL.5432');
  const pairs = new Set<[Socket, Socket]>();
  let silent = false;
  const server: Server = createServer((client) => {
    const upstream = connect(socketPath);
    const pair: [Socket, Socket] = [client, upstream];
    pairs.add(pair);
    for (const socket of pair) {
      socket.on('error', () => {});
      socket.on('close', () => {
        if (muted.has(client)) return;
        for (const each of pair) each.destroy();
        pairs.delete(pair);
      });
    }
    if (silent) {
      muted.add(client);
      return;
    }
    client.pipe(upstream);
    upstream.pipe(client);
  });
  const muted = new WeakSet<Socket>();
  const mute = () => {
    for (const [client, upstream] of pairs) {
      muted.add(client);
      client.unpipe(upstream);
      upstream.unpipe(client);
      // Arriving data is read and dropped: the sender notices nothing.
      client.resume();
      upstream.resume();
    }
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  return {
    url: `postgres://postgres@127.0.0.1:${port}${given.pathname}`,
    mute,
    muteAll() {
      silent = true;
      mute();
    },
    restore() {
      silent = false;
      // The server behind learns of the end; the client does not.
      for (const [client, upstream] of pairs) if (muted.has(client)) upstream.destroy();
    },
    close: () =>
      new Promise((resolve) => {
        for (const pair of pairs) for (const socket of pair) socket.destroy();
        server.close(() => resolve());
      }),
  };
}
