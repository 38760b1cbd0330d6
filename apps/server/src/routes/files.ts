import type { Readable } from 'node:stream';
import { bitDepths, envelope, writableFormats } from '@retone/contract';
import type { SharedFile } from '@retone/jobs';
import type { FastifyRequest } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { checkQuota, keepUpload } from '../admission.ts';
import { ApiError, success } from '../envelope.ts';
import { sendFile } from '../file-answer.ts';
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

  app.get('/files/:token', { schema: getSchema }, async (request, reply) =>
    sendFile(service, await find(service, request.params.token), request, reply),
  );
  const named = {
    ...getSchema,
    summary: 'An output or an upload, under a name',
    params: params.extend({ name: z.string() }),
  };
  app.get('/files/:token/:name', { schema: named }, async (request, reply) =>
    sendFile(service, await find(service, request.params.token), request, reply),
  );
  const unchecked = () => (value: unknown) => ({ value });
  app.put('/files/:token', { schema: putSchema, validatorCompiler: unchecked }, async (request) => {
    const file = await find(service, request.params.token);
    return success({ size: await receive(service, file, request) });
  });
};

async function find(service: Service, token: string): Promise<SharedFile> {
  const file = await service.files.get(token.split('.')[0]!);
  if (!file) throw new ApiError('unknown_file', 'there is no such file; files are kept for a limited time');
  return file;
}

/** Keeps the bytes of an announced upload, and returns how many there are. */
async function receive(service: Service, file: SharedFile, request: FastifyRequest): Promise<number> {
  const exists = () => new ApiError('file_exists', 'this upload is complete; announce another one');
  if (file.size !== null) throw exists();
  if (!request.body) throw new ApiError('no_file', 'the request has no bytes');
  const announced = file.announcedSize ?? undefined;
  const wrong = (size: number) =>
    new ApiError('wrong_size', `the file must have the ${announced} bytes it was announced with (got ${size})`);
  const length = request.headers['content-length'];
  if (Number(length ?? 0) > maxFileBytes(service.settings)) throw fileTooLarge(service.settings);
  if (announced !== undefined && length !== undefined && Number(length) !== announced) throw wrong(Number(length));
  // What was announced with its size is within the quota already.
  if (announced === undefined) await checkQuota(service, file.accountId, Number(length ?? 0));
  // Under its own key: a second upload to the same URL at the same time must not write into this file.
  const stored = await keepUpload(service, request.body as Readable);
  const isRight = announced === undefined || stored.size === announced;
  if (announced === undefined && length === undefined) {
    await checkQuota(service, file.accountId, stored.size).catch(async (error) => {
      await service.store.delete(stored.key);
      throw error;
    });
  }
  if (isRight && (await service.files.fill(file.token, stored))) return stored.size;
  await service.store.delete(stored.key);
  throw isRight ? exists() : wrong(stored.size);
}
