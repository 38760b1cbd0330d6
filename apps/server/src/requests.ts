import type { Duplex } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import { ApiError, failure } from './envelope.ts';

// What every request must be before a route sees it, so that nothing behind has to think of broken texts.

/**
 * Deepest nesting of a body: no parameter is deeper than 2, and what looks into a body recursively must not be
 * led astray.
 */
const deepest = 32;

const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * Refuses bodies that are no JSON in UTF-8 (routes may accept other types for themselves), and texts that no
 * table holds.
 */
export function checkRequests(app: FastifyInstance): void {
  app.addHook('onRequest', async ({ headers, raw, url }) => {
    const encoding = headers['content-encoding'] ?? 'identity';
    if (encoding.toLowerCase() !== 'identity') {
      throw new ApiError(415, 'unsupported_encoding', 'the body is compressed; send it without content-encoding');
    }
    if (headers.host === undefined && raw.httpVersion === '1.1') {
      throw new ApiError(400, 'bad_request', 'the request has no Host header');
    }
    if (url.includes('%00')) throw new ApiError(400, 'bad_text', 'the URL has a null character');
  });

  const parse = app.getDefaultJsonParser('error', 'error');
  app.removeContentTypeParser('text/plain');
  app.addContentTypeParser<Buffer>('application/json', { parseAs: 'buffer' }, (request, bytes, done) => {
    // Some clients announce JSON with every request, also where there is nothing to say.
    if (bytes.length === 0) return done(null, undefined);
    let text: string;
    try {
      text = utf8.decode(bytes);
    } catch {
      return done(new ApiError(400, 'bad_text', 'the body is not UTF-8'));
    }
    parse(request, text, (error, value) => done(error ?? faultOf(value) ?? null, value));
  });
}

/** What is wrong with a parsed body, whatever it is for. */
function faultOf(body: unknown): ApiError | undefined {
  const rest: { value: unknown; depth: number }[] = [{ value: body, depth: 0 }];
  for (let next = rest.pop(); next; next = rest.pop()) {
    const { value, depth } = next;
    if (depth > deepest) return new ApiError(400, 'too_deep', `the body is nested more than ${deepest} deep`);
    if (typeof value === 'string') {
      if (value.includes('\0')) return new ApiError(400, 'bad_text', 'a text in the body has a null character');
      if (!value.isWellFormed()) return new ApiError(400, 'bad_text', 'a text in the body has half a surrogate pair');
    } else if (typeof value === 'object' && value !== null) {
      for (const inner of Object.values(value)) rest.push({ value: inner, depth: depth + 1 });
    }
  }
  return undefined;
}

/**
 * Answers what Node would answer in its own words, or not at all: broken requests, CONNECT, and unknown
 * expectations.
 */
export function answerBrokenRequests(app: FastifyInstance): void {
  app.server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    if (error.code === 'ECONNRESET' || !socket.writable) return socket.destroy();
    refuse(socket, brokenRequests[error.code ?? ''] ?? new ApiError(400, 'bad_request', 'this is not an HTTP request'));
  });
  app.server.on('connect', (_request, socket) => {
    refuse(socket, new ApiError(405, 'method_not_allowed', 'this is no proxy: CONNECT is not served'));
  });
  app.server.on('checkExpectation', ({ socket, headers }) => {
    const given = JSON.stringify(headers.expect?.slice(0, 50));
    refuse(socket, new ApiError(417, 'expectation_failed', `Expect is ${given}; only "100-continue" is known`));
  });
}

const brokenRequests: Record<string, ApiError> = {
  HPE_HEADER_OVERFLOW: new ApiError(431, 'headers_too_large', "the request's headers are too large"),
  ERR_HTTP_REQUEST_TIMEOUT: new ApiError(408, 'timeout', 'the request did not come in time'),
};

/** Refuses on a bare socket, and hangs up. */
function refuse(socket: Duplex, error: ApiError): void {
  const body = JSON.stringify(failure(error));
  const head = ['content-type: application/json', `content-length: ${Buffer.byteLength(body)}`, 'connection: close'];
  socket.end(`HTTP/1.1 ${error.status} Refused\r\n${head.join('\r\n')}\r\n\r\n${body}`);
}
