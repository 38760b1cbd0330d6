import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import {
  type BitDepth,
  bitDepths,
  envelope,
  formatNamed,
  formatOfFileName,
  type WritableFormat,
  writableFormats,
} from '@retone/contract';
import { resultTags } from '@retone/engine';
import type { SharedFile } from '@retone/jobs';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { keepUpload } from '../admission.ts';
import { convert, type Wanted } from '../conversion.ts';
import { disconnection } from '../disconnection.ts';
import { ApiError, success } from '../envelope.ts';
import { fileTooLarge } from '../file-form.ts';
import { noKey, refusals } from '../openapi.ts';
import type { Service } from '../service.ts';
import { maxFileBytes } from '../settings.ts';

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
  querystring: z.object({
    format: z.enum(writableFormats).optional().describe('The format to have it in.'),
    bit_depth: z
      .enum(bitDepths.map(String) as [string, ...string[]])
      .optional()
      .describe('Bits per sample of wav and flac; 32 is floating point, and 24 for flac. Only with `format`.'),
  }),
  response: {
    200: { description: 'The file.', content: bytes },
    206: { description: 'A part of it.', content: bytes },
    304: { description: 'The client has it.', content: bytes },
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
  // A PUT body is bytes, whatever its content type.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, payload, done) => done(null, payload));

  const find = async (token: string) => {
    const file = await service.files.get(token.split('.')[0]!);
    if (!file) throw new ApiError('unknown_file', 'there is no such file; files are kept for a limited time');
    return file;
  };
  const gone = () => new ApiError('unknown_file', 'the file is no longer there');

  /** Tags of a result's file, in every format. */
  const tagsOf = async ({ taskId }: SharedFile) => {
    const task = taskId ? await service.tasks.get(taskId) : undefined;
    return task && resultTags(task.input.prompt, task.seed, task.input.init_noise_level);
  };

  const converted = async (file: SharedFile, form: Wanted, request: FastifyRequest, reply: FastifyReply) => {
    const { mediaType, extensions } = formatNamed(form.format);
    const name = nameFor(request) ?? `${file.name.replace(/\.[^.]*$/, '')}.${extensions[0]}`;
    const headers = { ...headersOf({ ...file, name, mediaType }), 'accept-ranges': 'none' };
    if (request.method === 'HEAD') return reply.headers(headers).send(Readable.from([]));
    const source = await service.store.read(file.key);
    if (!source) throw gone();
    const tags = await tagsOf(file);
    const bytes = await convert(source, { ...form, tags }, file.accountId, disconnection(reply));
    // Only now: a refusal must not be cached as if it were the file.
    return reply.headers({ ...headers, 'content-length': bytes.length }).send(Readable.from([bytes]));
  };

  const send = async (request: FastifyRequest, reply: FastifyReply, token: string, query: Query) => {
    const file = await find(token);
    if (file.size === null) throw new ApiError('unknown_file', 'the file was announced, and has not come yet');
    const { headers } = request;
    const { format, bit_depth: bits } = query;
    const bitDepth = bits === undefined ? undefined : (Number(bits) as BitDepth);
    const etag = etagOf(file, [format, bits].filter(Boolean).join(' '));
    if (matches(headers['if-none-match'], etag))
      return reply
        .status(304)
        .headers({ etag, ...caching })
        .send();
    reply.header('etag', etag);
    const isAnother = format !== formatOfFileName(file.name)?.name || bitDepth !== undefined;
    if (format && isAnother) return converted(file, { format, bitDepth }, request, reply);
    // A range of another version would not fit what the client has.
    const applies = headers['if-range'] === undefined || headers['if-range'] === etag;
    const range = applies ? parseRange(headers.range, file.size) : undefined;
    if (range === 'unsatisfiable') {
      reply.header('content-range', `bytes */${file.size}`);
      throw new ApiError('range_not_satisfiable', `the file has ${file.size} bytes`);
    }
    // A stream, of which Fastify sends nothing: for no payload at all it would send its own content-length, 0.
    const opened =
      request.method === 'HEAD' ? { stream: Readable.from([]) } : await service.store.open(file.key, range);
    if (!opened) throw gone();
    const length = range ? range.end - range.start + 1 : file.size;
    const name = nameFor(request) ?? file.name;
    reply.headers({ ...headersOf({ ...file, name }), 'accept-ranges': 'bytes', 'content-length': length });
    if (range) reply.status(206).header('content-range', `bytes ${range.start}-${range.end}/${file.size}`);
    return reply.send(opened.stream);
  };

  app.get('/files/:token', { schema: getSchema }, (request, reply) =>
    send(request, reply, request.params.token, request.query),
  );
  const named = {
    ...getSchema,
    summary: 'An output or an upload, under a name',
    params: params.extend({ name: z.string() }),
  };
  app.get('/files/:token/:name', { schema: named }, (request, reply) =>
    send(request, reply, request.params.token, request.query),
  );

  const unchecked = () => (value: unknown) => ({ value });
  app.put('/files/:token', { schema: putSchema, validatorCompiler: unchecked }, async (request) => {
    const file = await find(request.params.token);
    const exists = () => new ApiError('file_exists', 'this upload is complete; announce another one');
    if (file.size !== null) throw exists();
    if (!request.body) throw new ApiError('no_file', 'the request has no bytes');
    const announced = file.announcedSize ?? undefined;
    const wrong = (size: number) =>
      new ApiError('wrong_size', `the file must have the ${announced} bytes it was announced with (got ${size})`);
    const length = request.headers['content-length'];
    if (Number(length ?? 0) > maxFileBytes(service.settings)) throw fileTooLarge(service.settings);
    if (announced !== undefined && length !== undefined && Number(length) !== announced) throw wrong(Number(length));
    // Under its own key: a second upload to the same URL at the same time must not write into this file.
    const stored = await keepUpload(service, request.body as Readable);
    const isRight = announced === undefined || stored.size === announced;
    if (isRight && (await service.files.fill(file.token, stored))) return success({ size: stored.size });
    await service.store.delete(stored.key);
    throw isRight ? exists() : wrong(stored.size);
  });
};

interface Query {
  format?: WritableFormat | undefined;
  bit_depth?: string | undefined;
}

/** The name in the URL, which the file is saved under. */
function nameFor({ params }: FastifyRequest): string | undefined {
  const { name } = params as { name?: string };
  return name?.slice(0, 200);
}

/** Changes whenever the bytes would: those of a token never do. */
function etagOf({ token, size }: SharedFile, format = ''): string {
  const hash = createHash('sha256')
    .update(JSON.stringify([token, size, format]))
    .digest('base64url');
  return `"${hash.slice(0, 22)}"`;
}

function matches(header: string | undefined, etag: string): boolean {
  return (
    header !== undefined &&
    (header.trim() === '*' || header.split(',').some((each) => each.trim().replace(/^W\//, '') === etag))
  );
}

const caching = { 'cache-control': 'private, max-age=3600, immutable' };

/** Media types that browsers play or show and never run. SVG is not among them: it has scripts. */
const harmless = /^(audio|video)\/|^image\/(png|jpeg|gif|webp|avif|bmp)$/;

function headersOf({ mediaType, name }: Pick<SharedFile, 'mediaType' | 'name'>): Record<string, string> {
  const isHarmless = harmless.test(mediaType);
  return {
    'content-type': isHarmless ? mediaType : 'application/octet-stream',
    'content-disposition': `${isHarmless ? 'inline' : 'attachment'}; filename*=UTF-8''${encodeURIComponent(name)}`,
    ...caching,
    // Uploads hold what clients put there; no browser may take one for a page of ours.
    'x-content-type-options': 'nosniff',
    // A browser that opens the URL makes a page with a player, which may play the file itself and nothing else.
    'content-security-policy': "default-src 'none'; media-src 'self'; sandbox",
    'access-control-expose-headers': 'accept-ranges, content-length, content-range, content-disposition, etag',
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
