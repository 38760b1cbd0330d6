import type { FastifyInstance, FastifyPluginAsync } from 'fastify';
import type { Service } from '../service.ts';
import { elevenlabs } from './elevenlabs.ts';
import { fal } from './fal.ts';
import type { DialectName } from './names.ts';
import { openai } from './openai.ts';
import { stability } from './stability.ts';

// Dialects let clients of other services work here when their base URL and key change. Each translates its requests into calls
// of Retone's own API, so keys, limits, prices and errors are the same by every way.

const dialects: Record<DialectName, FastifyPluginAsync<{ service: Service }>> = { elevenlabs, openai, stability, fal };

/** Registers the dialects that the settings name. */
export function addDialects(app: FastifyInstance, service: Service): void {
  for (const name of service.settings.RETONE_DIALECTS) app.register(dialects[name], { service });
}
