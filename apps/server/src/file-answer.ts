import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { type BitDepth, formatNamed, formatOfFileName, type WritableFormat } from '@retone/contract';
import { resultTags } from '@retone/engine';
import type { SharedFile } from '@retone/jobs';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { convert, type Wanted } from './conversion.ts';
import { disconnection } from './disconnection.ts';
import { ApiError } from './envelope.ts';
import type { Service } from './service.ts';

/** A request for a file: perhaps under a name, perhaps in another format. */
type FileRequest = FastifyRequest<{
  Querystring: { format?: WritableFormat | undefined; bit_depth?: string | undefined };
}>;

/**
 * Answers with a file, a range of it, or the file in another format.
 *
 * @throws ApiError unknown_file where its bytes have not come or are gone, range_not_satisfiable, or what conversion says
 */
export async function sendFile(
  service: Service,
  file: SharedFile,
  request: FileRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  if (file.size === null) throw new ApiError('unknown_file', 'the file was announced, and has not come yet');
  const { format, bit_depth: bits } = request.query;
  const bitDepth = bits === undefined ? undefined : (Number(bits) as BitDepth);
  const etag = etagOf(file, [format, bits].filter(Boolean).join(' '));
  if (matches(request.headers['if-none-match'], etag))
    return reply
      .status(304)
      .headers({ etag, ...caching })
      .send();
  reply.header('etag', etag);
  const isAnother = format !== formatOfFileName(file.name)?.name || bitDepth !== undefined;
  if (format && isAnother) return sendConverted(service, file, { format, bitDepth }, { request, reply });
  return sendBytes(service, { ...file, size: file.size }, etag, { request, reply });
}

/** The file as it is, or one range of its bytes. */
async function sendBytes(
  service: Service,
  file: SharedFile & { size: number },
  etag: string,
  { request, reply }: { request: FileRequest; reply: FastifyReply },
): Promise<FastifyReply> {
  const { headers } = request;
  // A range of another version would not fit what the client has.
  const applies = headers['if-range'] === undefined || headers['if-range'] === etag;
  const range = applies ? parseRange(headers.range, file.size) : undefined;
  if (range === 'unsatisfiable') {
    reply.header('content-range', `bytes */${file.size}`);
    throw new ApiError('range_not_satisfiable', `the file has ${file.size} bytes`);
  }
  // A stream, of which Fastify sends nothing: for no payload at all it would send its own content-length, 0.
  const opened = request.method === 'HEAD' ? { stream: Readable.from([]) } : await service.store.open(file.key, range);
  if (!opened) throw gone();
  const length = range ? range.end - range.start + 1 : file.size;
  const name = nameFor(request) ?? file.name;
  reply.headers({ ...headersOf({ ...file, name }), 'accept-ranges': 'bytes', 'content-length': length });
  if (range) reply.status(206).header('content-range', `bytes ${range.start}-${range.end}/${file.size}`);
  return reply.send(opened.stream);
}

async function sendConverted(
  service: Service,
  file: SharedFile,
  form: Wanted,
  { request, reply }: { request: FileRequest; reply: FastifyReply },
): Promise<FastifyReply> {
  const { mediaType, extensions } = formatNamed(form.format);
  const name = nameFor(request) ?? `${file.name.replace(/\.[^.]*$/, '')}.${extensions[0]}`;
  const headers = { ...headersOf({ ...file, name, mediaType }), 'accept-ranges': 'none' };
  if (request.method === 'HEAD') return reply.headers(headers).send(Readable.from([]));
  const source = await service.store.read(file.key);
  if (!source) throw gone();
  const tags = await tagsOf(service, file);
  const bytes = await convert(source, { ...form, tags }, file.accountId, disconnection(reply));
  // Only now: a refusal must not be cached as if it were the file.
  return reply.headers({ ...headers, 'content-length': bytes.length }).send(Readable.from([bytes]));
}

const gone = () => new ApiError('unknown_file', 'the file is no longer there');

/** Tags of a result's file, in every format. */
async function tagsOf(service: Service, { taskId }: SharedFile) {
  const task = taskId ? await service.tasks.get(taskId) : undefined;
  return task && resultTags(task.input.prompt, task.seed, task.input.init_noise_level);
}

/** The name in the URL, which the file is saved under. */
function nameFor({ params }: FileRequest): string | undefined {
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
