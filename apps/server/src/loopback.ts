import { isIP } from 'node:net';
import type { FastifyRequest } from 'fastify';

/** Headers that proxies add to the requests that they forward. */
const proxyHeaders = ['forwarded', 'via', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip'];

/**
 * Whether a request was sent on this machine to this machine by name, and not passed on by a proxy that runs here. A proxy
 * that adds no header passes the name on that it was asked for.
 */
export function isFromThisMachine({ headers, socket }: FastifyRequest): boolean {
  const { host = '' } = headers;
  const isNamed = URL.canParse(`http://${host}`) && isLoopback(new URL(`http://${host}`).hostname);
  return isNamed && !proxyHeaders.some((name) => headers[name] !== undefined) && isLoopback(socket.remoteAddress ?? '');
}

/** Whether a name or address means this machine, whoever asks. */
export function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[|\]$/g, '').replace(/^::ffff:/i, '');
  if (isIP(bare) === 4) return bare.startsWith('127.');
  return bare === '::1' || bare === 'localhost';
}
