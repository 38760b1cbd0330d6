import { createReadStream, statSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';

const types: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.json': 'application/json',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.wasm': 'application/wasm',
};

export interface StaticServer {
  url: string;
  /** Bytes of all bodies that were sent. */
  sent(): number;
  close(): Promise<void>;
}

/** A plain file server, as a static host is: folders by the first part of the path, and no other logic. */
export async function serveFiles(
  folders: Record<string, string>,
  headers: Record<string, string> = {},
): Promise<StaticServer> {
  let sent = 0;
  const server = createServer(({ url = '/' }, response) => {
    const [, first = '', rest = ''] = /^\/([^/]*)\/?(.*)$/.exec(decodeURIComponent(new URL(url, 'http://x').pathname))!;
    const folder = folders[first];
    const path = folder && join(folder, normalize(`/${rest || 'index.html'}`));
    const stat = path ? statSync(path, { throwIfNoEntry: false }) : undefined;
    if (!path || !stat?.isFile()) return response.writeHead(404).end();
    sent += stat.size;
    response.writeHead(200, {
      'content-type': types[extname(path)] ?? 'application/octet-stream',
      'content-length': stat.size,
      ...headers,
    });
    createReadStream(path).pipe(response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    sent: () => sent,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
