import { Readable } from 'node:stream';
import { audioFormats, formatOfFileName } from '@retone/audio';
import type { SharedFile } from '@retone/jobs';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { convert, writableFormats } from '../conversion.ts';
import { disconnection } from '../disconnection.ts';
import { ApiError, envelope, success } from '../envelope.ts';
import { noKey, refusals } from '../openapi.ts';
import type { Service } from '../service.ts';

const tags = ['Files'];
const params = z.object({ token: z.string() });
const bytes = {
  'application/octet-stream': { schema: z.custom<Readable>().meta({ type: 'string', format: 'binary' }) },
};
const getSchema = {
  tags,
  summary: 'An output or an upload',
  description: 'Its media type is its own. One range of bytes may be asked for. In another format it comes whole.',
  security: noKey,
  params,
  querystring: z.object({ format: z.enum(writableFormats).optional().describe('The format to have it in.') }),
  response: {
    200: { description: 'The file.', content: bytes },
    206: { description: 'A part of it.', content: bytes },
    ...refusals(400, 404, 413, 415, 416, 503),
  },
};
const putSchema = {
  tags,
  summary: 'The bytes of a file that was announced',
  security: noKey,
  consumes: ['application/octet-stream'],
  params,
  body: z.any().meta({ type: 'string', format: 'binary' }),
  response: { 200: envelope(z.object({ size: z.int() })), ...refusals(400, 404, 409, 413, 415, 503) },
};

/** Files by their unguessable URLs: outputs and uploads, with ranges; and the bytes of announced uploads. */
export const fileRoutes: FastifyPluginAsyncZod<{ service: Service }> = async (app, { service }) => {
  // What is PUT is bytes, whatever its type says.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, payload, done) => done(null, payload));

  const find = async (token: string) => {
    const file = await service.files.get(token);
    if (!file) throw new ApiError(404, 'unknown_file', 'there is no such file; files are kept for a limited time');
    return file;
  };

  app.get('/files/:token', { schema: getSchema }, async (request, reply) => {
    const file = await find(request.params.token);
    if (file.size === null) throw new ApiError(404, 'unknown_file', 'the file was announced, and has not come yet');
    const { format } = request.query;
    if (format && format !== formatOfFileName(file.name)?.name) {
      const { mediaType, extensions } = audioFormats.find(({ name }) => name === format)!;
      const name = `${file.name.replace(/\.[^.]*$/, '')}.${extensions[0]}`;
      reply.headers({ ...headersOf({ ...file, name, mediaType }), 'accept-ranges': 'none' });
      if (request.method === 'HEAD') return reply.send(Readable.from([]));
      const source = await service.store.read(file.key);
      if (!source) throw new ApiError(404, 'unknown_file', 'the file is no longer there');
      const bytes = await convert(source, format, disconnection(reply));
      return reply.header('content-length', bytes.length).send(Readable.from([bytes]));
    }
    const range = parseRange(request.headers.range, file.size);
    if (range === 'unsatisfiable') {
      reply.header('content-range', `bytes */${file.size}`);
      throw new ApiError(416, 'range_not_satisfiable', `the file has ${file.size} bytes`);
    }
    reply.headers({
      ...headersOf(file),
      'accept-ranges': 'bytes',
      'content-length': range ? range.end - range.start + 1 : file.size,
    });
    if (range) reply.status(206).header('content-range', `bytes ${range.start}-${range.end}/${file.size}`);
    // A stream, of which Fastify sends nothing: for no payload at all it would send its own content-length, 0.
    if (request.method === 'HEAD') return reply.send(Readable.from([]));
    const opened = await service.store.open(file.key, range);
    if (!opened) throw new ApiError(404, 'unknown_file', 'the file is no longer there');
    return reply.send(opened.stream);
  });

  const unchecked = () => (value: unknown) => ({ value });
  app.put('/files/:token', { schema: putSchema, validatorCompiler: unchecked }, async (request) => {
    const file = await find(request.params.token);
    if (file.size !== null) throw new ApiError(409, 'file_exists', 'this upload is complete; announce another one');
    if (!request.body) throw new ApiError(400, 'no_file', 'the request has no bytes');
    const size = await service.keepUpload(file.token, request.body as Readable);
    await service.files.fill(file.token, size);
    return success({ size });
  });
};

function headersOf({ mediaType, name }: Pick<SharedFile, 'mediaType' | 'name'>): Record<string, string> {
  return {
    'content-type': mediaType,
    'content-disposition': `inline; filename*=UTF-8''${encodeURIComponent(name)}`,
    'cache-control': 'private, max-age=3600, immutable',
    // Uploads hold what clients put there; no browser may take one for a page of ours.
    'x-content-type-options': 'nosniff',
    'content-security-policy': "default-src 'none'; sandbox",
    'cross-origin-resource-policy': 'cross-origin',
    'access-control-allow-origin': '*',
  };
}

/** One range of bytes, as RFC 9110 has it; several ranges, or another unit, are answered with the whole file. */
function parseRange(
  header: string | undefined,
  size: number,
): { start: number; end: number } | 'unsatisfiable' | undefined {
  const match = header && /^bytes=(\d*)-(\d*)$/.exec(header.trim());
  if (!match || (match[1] === '' && match[2] === '')) return undefined;
  const last = size - 1;
  const start = match[1] === '' ? Math.max(size - Number(match[2]), 0) : Number(match[1]);
  const end = match[1] === '' || match[2] === '' ? last : Math.min(Number(match[2]), last);
  if (start > last || (match[1] === '' && Number(match[2]) === 0)) return 'unsatisfiable';
  return start > end ? undefined : { start, end };
}
