import type { Duplex } from 'node:stream';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { ApiError, failure } from './envelope.ts';
import { parseJson } from './json-body.ts';

// Checks of every request before its route runs, so that routes never see broken texts.

/** How long a client that was refused may continue to send its body, in milliseconds, before the connection is closed. */
const patience = 10_000;

/**
 * Refuses bodies that are no JSON in UTF-8 (routes may accept other types for themselves), and texts that no
 * table holds.
 */
export function checkRequests(app: FastifyInstance): void {
  app.addHook('onRequest', async ({ headers, raw, url }) => {
    const encoding = headers['content-encoding'] ?? 'identity';
    if (encoding.toLowerCase() !== 'identity') {
      throw new ApiError('unsupported_encoding', 'the body is compressed; send it without content-encoding');
    }
    if (headers.host === undefined && raw.httpVersion === '1.1') {
      throw new ApiError('bad_request', 'the request has no Host header');
    }
    if (url.includes('%00')) throw new ApiError('bad_text', 'the URL has a null character');
  });

  // Before anything of the body is read: a client without a key gets no memory.
  app.addHook('preParsing', async (request) => {
    if (request.is404) throw nowhere(request);
  });
  app.addHook('onResponse', async ({ raw }) => {
    if (raw.complete) return;
    // Node reads and drops the rest of the body, so that the client gets to read the refusal; not for ever.
    const timer = setTimeout(() => raw.destroy(), patience).unref();
    raw.once('close', () => clearTimeout(timer));
  });

  app.removeContentTypeParser('text/plain');
  app.addContentTypeParser<Buffer>(
    'application/json',
    { parseAs: 'buffer' },
    async (_request: unknown, bytes: Buffer) =>
      // Some clients announce JSON with every request, also where there is nothing to say.
      bytes.length === 0 ? undefined : parseJson(bytes),
  );
}

/** The answer to a path that does not exist. */
export function nowhere({ method, url }: FastifyRequest): ApiError {
  return new ApiError('not_found', `there is nothing at ${method} ${url.split('?')[0]!.slice(0, 200)}`);
}

/**
 * Answers what Node would answer in its own words, or not at all: broken requests, CONNECT, and unknown
 * expectations.
 */
export function answerBrokenRequests(app: FastifyInstance): void {
  app.server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    if (error.code === 'ECONNRESET' || !socket.writable) return socket.destroy();
    refuse(socket, brokenRequests[error.code ?? ''] ?? new ApiError('bad_request', 'this is not an HTTP request'));
  });
  app.server.on('connect', (_request, socket) => {
    refuse(socket, new ApiError('method_not_allowed', 'CONNECT is not supported: this is not a proxy'));
  });
  app.server.on('checkExpectation', ({ socket, headers }) => {
    const given = JSON.stringify(headers.expect?.slice(0, 50));
    refuse(socket, new ApiError('expectation_failed', `Expect is ${given}; only "100-continue" is known`));
  });
}

const brokenRequests: Record<string, ApiError> = {
  HPE_HEADER_OVERFLOW: new ApiError('headers_too_large', "the request's headers are too large"),
  ERR_HTTP_REQUEST_TIMEOUT: new ApiError('timeout', 'the request did not come in time'),
};

/** Refuses on a bare socket, and hangs up. */
function refuse(socket: Duplex, error: ApiError): void {
  const body = JSON.stringify(failure(error));
  const head = ['content-type: application/json', `content-length: ${Buffer.byteLength(body)}`, 'connection: close'];
  socket.end(`HTTP/1.1 ${error.status} Refused\r\n${head.join('\r\n')}\r\n\r\n${body}`);
}
