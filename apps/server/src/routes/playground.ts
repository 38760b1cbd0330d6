import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import fastifyStatic from '@fastify/static';
import { pageFolder } from '@retone/web';
import type { FastifyPluginAsync } from 'fastify';
import { ApiError, success } from '../envelope.ts';
import { localSessions } from '../local-session.ts';
import { pageSettings } from '../page-settings.ts';
import type { Service } from '../service.ts';
import { catalogue } from './catalogue.ts';

const notBuilt = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Retone</title>
<body style="font: 1rem/1.6 system-ui; max-width: 36rem; margin: 4rem auto; padding: 0 1rem">
<h1>Retone is running</h1>
<p>The page has not been built yet. Run <code>npm run build --workspace apps/web</code> in Retone's folder, and start the
service again; <code>npm start</code> does both.</p>
<p>The API works without it: <a href="/docs">its description</a>.</p>`;

/** Isolates the page from other origins: the engine in it may then compute with threads. All that it loads is this service's own. */
const isolation = {
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
};

/** The page for people at `/`, and the key that it gets on the machine of the service itself. */
export const playgroundRoutes: FastifyPluginAsync<{ service: Service; folder?: string }> = async (
  app,
  { service, folder = pageFolder },
) => {
  const sessions = localSessions(service);
  // Fastify takes no limit of 0.
  app.post('/playground/session', { schema: { hide: true }, bodyLimit: 1 }, async (request, reply) => {
    reply.header('cache-control', 'no-store');
    if (!sessions.mayHave(request)) {
      throw new ApiError(
        'not_local',
        'only the page that was opened by the URL that the service printed gets a key; others need their own',
      );
    }
    return success(await sessions.key());
  });

  const html = await readFile(join(folder, 'index.html'), 'utf8').catch(() => undefined);
  if (html === undefined) {
    app.get('/', { schema: { hide: true } }, async (_request, reply) =>
      reply.status(503).type('text/html').send(notBuilt),
    );
    return;
  }
  const page = await pageOf(html, { catalogue: catalogue(service), settings: pageSettings(service) });
  app.get('/', { schema: { hide: true } }, async ({ headers }, reply) => {
    const accepted = headers['accept-encoding'] ?? '';
    const encoding = (['br', 'gzip'] as const).find((each) => accepted.includes(each));
    if (encoding) reply.header('content-encoding', encoding);
    return reply
      .type('text/html; charset=utf-8')
      .headers({
        vary: 'accept-encoding',
        'cache-control': 'no-cache',
        'content-security-policy': page.policy,
        ...isolation,
      })
      .send(page[encoding ?? 'identity']);
  });
  await app.register(fastifyStatic, {
    root: folder,
    index: false,
    wildcard: false,
    preCompressed: true,
    cacheControl: false,
    globIgnore: ['index.html', '**/*.br', '**/*.gz'],
    // Vite names what it builds by the content.
    setHeaders: (reply, path) => {
      reply.header('cache-control', path.includes('assets') ? 'public, max-age=31536000, immutable' : 'no-cache');
      // Scripts of workers too, or the page may not start them.
      for (const [name, value] of Object.entries(isolation)) reply.header(name, value);
    },
  });
};

/** The page with data in it, so that its form needs no further request, compressed once for all. */
async function pageOf(html: string, data: Record<string, unknown>) {
  const text = Object.entries(data).reduce((page, [id, value]) => {
    const json = JSON.stringify(value).replaceAll('<', '\\u003c');
    return page.replace(`<script type="application/json" id="${id}">null`, (tag) => tag.replace(/null$/, () => json));
  }, html);
  const identity = Buffer.from(text);
  const scripts = [...text.matchAll(/<script type="module">([\s\S]*?)<\/script>/g)].map(
    ([, script]) => `'sha256-${createHash('sha256').update(script!).digest('base64')}'`,
  );
  const policy = [
    "default-src 'self'",
    `script-src 'self' ${scripts.join(' ')}`,
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data: blob:",
    "media-src 'self' blob:",
    "connect-src 'self' blob:",
    "worker-src 'self' blob:",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
  const br = await promisify(brotliCompress)(identity, { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } });
  return { identity, br, gzip: await promisify(gzip)(identity), policy };
}
