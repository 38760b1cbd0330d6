import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';

/** A web server of a test's own. */
export interface TestServer {
  port: number;
  /** `http://127.0.0.1:port` */
  origin: string;
  /** Connections so far, whether or not anything came over them. */
  connections(): number;
  close(): Promise<void>;
}

/** Starts a server at an address of this machine. With a certificate and a key it speaks https. */
export async function startServer(
  listener: RequestListener,
  {
    address = '127.0.0.1',
    port = 0,
    tls,
  }: { address?: string; port?: number; tls?: { cert: string; key: string } } = {},
): Promise<TestServer> {
  const server: Server = tls ? createTlsServer(tls, listener) : createServer(listener);
  let connections = 0;
  server.on('connection', () => connections++);
  server.listen(port, address);
  await once(server, 'listening');
  const { port: actual } = server.address() as AddressInfo;
  return {
    port: actual,
    origin: `${tls ? 'https' : 'http'}://127.0.0.1:${actual}`,
    connections: () => connections,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
