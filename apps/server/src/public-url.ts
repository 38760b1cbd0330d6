import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Service } from './service.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** How the client reaches the service, without a slash at its end. */
    publicUrl: string;
  }
}

/**
 * Gives every request the URL that its answer's URLs begin with: what the settings say, or else what a trusted proxy says
 * that it was asked for, or else where the service listens.
 */
export function tellPublicUrl(app: FastifyInstance, service: Service): void {
  app.decorateRequest('publicUrl', {
    getter(this: FastifyRequest) {
      return (service.settings.RETONE_PUBLIC_URL ? undefined : askedFor(this)) ?? service.publicUrl();
    },
  });
}

/** Scheme and host as a trusted proxy reports them; undefined for a request without a proxy. */
function askedFor({ ips = [], protocol, host }: FastifyRequest): string | undefined {
  if (ips.length < 2 || !['http', 'https'].includes(protocol)) return undefined;
  // The host is in the client's words: it may be no host at all, or more than one.
  return URL.canParse(`${protocol}://${host}`) ? new URL(`${protocol}://${host}`).origin : undefined;
}
