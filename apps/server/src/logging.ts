import { Writable } from 'node:stream';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { type Logger, pino } from 'pino';
import type { Settings } from './settings.ts';

/**
 * The log: lines of JSON, or words where a person reads along. Its content is chosen field by field, so that keys,
 * bodies and queries, which can hold secrets, stay out.
 *
 * @param out its destination; standard error if absent
 */
export function openLog(
  settings: Pick<Settings, 'RETONE_LOG' | 'RETONE_LOG_LEVEL'>,
  out: NodeJS.WritableStream & { isTTY?: boolean } = process.stderr,
): Logger {
  const { RETONE_LOG: form, RETONE_LOG_LEVEL: level } = settings;
  const words = form === 'text' || (form === 'auto' && out.isTTY === true);
  const options = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime };
  return pino({ ...options, formatters: { level: (label) => ({ level: label }) } }, words ? worded(out) : out);
}

/** Logs every request when it has been answered, in one line. */
export function logRequests(app: FastifyInstance): void {
  app.addHook('onResponse', async (request, reply) => {
    const { method, routeOptions, ip, account, keyId } = request;
    request.log.info(
      {
        method,
        path: loggedPath(request.url),
        route: routeOptions.url,
        status: reply.statusCode,
        ms: Math.round(reply.elapsedTime),
        ip,
        ...(account ? { account: account.id, key: keyId } : {}),
        ...clientOf(request),
      },
      'request',
    );
  });
}

/** A path without query, which can hold a webhook's credentials, and without the token of a file, which is its key. */
export function loggedPath(url: string): string {
  const path = url.split('?')[0]!.slice(0, 200);
  return path.replace(/(\/files\/[\w-]{6})[^/]+/, '$1…');
}

/** Which program asks, where it says so. */
function clientOf({ headers }: FastifyRequest): { client?: string } {
  const parts = ['x-client-name', 'x-client-version', 'x-client-os'].map((name) => headers[name]);
  const known = parts.filter((part) => typeof part === 'string' && /^[\w .@/+-]{1,60}$/.test(part));
  return known.length > 0 ? { client: known.join(' ') } : {};
}

/** Turns lines of JSON into words for people. */
function worded(out: NodeJS.WritableStream): Writable {
  return new Writable({
    decodeStrings: false,
    write(line: string, _encoding, done) {
      const { time, level, msg, reqId: _, err, ...rest } = JSON.parse(String(line));
      const what =
        msg === 'request'
          ? `${rest.method} ${rest.path} ${rest.status} ${rest.ms} ms`
          : [msg, ...Object.entries(rest).map(([name, value]) => `${name}=${value}`)].join(' ');
      const mark = level === 'info' ? '' : `${level}: `;
      out.write(`${time.slice(11, 19)} ${mark}${what}${err ? `\n${err.stack ?? err.message}` : ''}\n`, () => done());
    },
  });
}

/** Calls `say` at most once in `pauseMs`, and drops what else comes: repeated failures are logged once. */
export function throttled<Argument>(say: (argument: Argument) => void, pauseMs: number): (argument: Argument) => void {
  let last = -Infinity;
  return (argument) => {
    const now = performance.now();
    if (now - last < pauseMs) return;
    last = now;
    say(argument);
  };
}
