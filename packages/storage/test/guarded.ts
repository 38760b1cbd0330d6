import type { RequestListener } from 'node:http';
import { type GuardedResponse, type GuardOptions, guardedFetch } from '@retone/storage';
import { afterEach, beforeEach } from 'vitest';
import { startServer, type TestServer } from './servers.ts';

/** A server for each test of a file, and the options that let a guarded request reach it. */
export class GuardedServer {
  server!: TestServer;
  /** The server's behaviour for a request. */
  listener!: RequestListener;
  options!: GuardOptions;

  constructor() {
    beforeEach(async () => {
      this.server = await startServer((request, response) => this.listener(request, response));
      this.options = { allowHosts: [`127.0.0.1:${this.server.port}`], maxBytes: 1_000_000, timeoutMs: 60_000 };
    });
    afterEach(() => this.server.close());
  }

  /** A whole request: the error may come before the response or in its body. */
  async fetchBytes(path: string, changes: Partial<GuardOptions> = {}): Promise<Buffer> {
    return bytesOf(await guardedFetch(this.server.origin + path, { ...this.options, ...changes }));
  }
}

export async function bytesOf({ body }: GuardedResponse): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks);
}
