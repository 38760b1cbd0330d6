import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { createMcpHandler } from '@modelcontextprotocol/server';
import type { Connection, Model, Retone } from '@retone/client';
import { mcpServer } from './server.ts';

/** Largest request in bytes: a data URI of some minutes of mp3. */
const maxRequestBytes = 32 * 1024 * 1024;

/** Milliseconds for which the models of a service are not asked for again: each request has a server of its own. */
const modelsTime = 60_000;

export interface HttpMcp {
  url: string;
  close(): Promise<void>;
}

/**
 * Serves MCP over streamable HTTP at `/mcp`. The caller's bearer token is its Retone key: each request acts for the account of
 * its key, and one without a key is refused.
 */
export async function serveHttp(
  service: Omit<Connection, 'key'>,
  { host, port }: { host: string; port: number },
): Promise<HttpMcp> {
  const kept = new Map<string, { models: Promise<Model[]>; until: number }>();
  const handler = createMcpHandler(
    ({ requestInfo }) => {
      const key = bearerOf(requestInfo!.headers.get('authorization'))!;
      return mcpServer({ ...service, key }, { modelsOf: (client) => keptModels(kept, key, client) });
    },
    { maxRequestBodySize: maxRequestBytes },
  );
  const server = createServer((request, response) => {
    answer(request, response, handler.fetch).catch(() => response.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  const { address, family, port: own } = server.address() as AddressInfo;
  return {
    url: `http://${family === 'IPv6' ? `[${address}]` : address}:${own}/mcp`,
    async close() {
      await handler.close();
      await closed(server);
    },
  };
}

/** The models that a key may use, asked for once in a while. A refusal is not kept. */
function keptModels(
  kept: Map<string, { models: Promise<Model[]>; until: number }>,
  key: string,
  client: Retone,
): Promise<Model[]> {
  const now = Date.now();
  for (const [other, { until }] of kept) if (until <= now) kept.delete(other);
  const known = kept.get(key);
  if (known) return known.models;
  const models = client.models();
  kept.set(key, { models, until: now + modelsTime });
  models.catch(() => kept.delete(key));
  return models;
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  handle: (request: Request) => Promise<Response>,
): Promise<void> {
  const { method = 'GET', headers, url = '/' } = request;
  const refuse = (status: number, error: string, more = {}) =>
    response.writeHead(status, { 'content-type': 'application/json', ...more }).end(JSON.stringify({ error }));
  if (new URL(url, 'http://host').pathname !== '/mcp') return void refuse(404, 'the MCP server is at /mcp');
  if (!bearerOf(headers.authorization)) {
    const message = 'the request has no key; send it as "Authorization: Bearer <key>"';
    return void refuse(401, message, { 'www-authenticate': 'Bearer realm="retone"' });
  }
  const abort = new AbortController();
  response.on('close', () => abort.abort());
  const body = method === 'POST' ? { body: Readable.toWeb(request) as ReadableStream, duplex: 'half' as const } : {};
  const given = Object.entries(headers).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, String(value)]],
  );
  const {
    status,
    headers: answered,
    body: stream,
  } = await handle(
    new Request(`http://${headers.host ?? 'localhost'}/mcp`, {
      method,
      headers: given as [string, string][],
      signal: abort.signal,
      ...body,
    } as RequestInit),
  );
  response.writeHead(status, Object.fromEntries(answered));
  if (!stream) return void response.end();
  for await (const chunk of stream) response.write(chunk);
  response.end();
}

function bearerOf(header: string | null | undefined): string | undefined {
  return /^Bearer ([\x21-\x7e]+)$/i.exec(header ?? '')?.[1];
}

async function closed(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}
