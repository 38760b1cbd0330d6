import { Readable } from 'node:stream';
import multipart, { type MultipartFile } from '@fastify/multipart';
import { RetoneError } from '@retone/client';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { askApi } from './caller.ts';

/** A form: its fields as texts, and the URL of the recording in it. */
export interface Form {
  fields: Record<string, string>;
  audio?: string;
}

/** Bytes of a field. */
const fieldSize = 64 * 1024;

/** Has the routes of a dialect take forms. The upload that files become has the limit of the settings. */
export async function takeForms(app: FastifyInstance): Promise<void> {
  const limits = { files: 1, fileSize: Number.POSITIVE_INFINITY, fields: 20, parts: 21, fieldSize };
  await app.register(multipart, { limits });
}

/**
 * Reads a multipart form. Its file is uploaded as it arrives, with the caller's key: none of it is kept in memory.
 *
 * @throws RetoneError
 */
export async function formOf(app: FastifyInstance, request: FastifyRequest, key: string): Promise<Form> {
  if (!request.isMultipart())
    throw new RetoneError(415, 'unsupported_media_type', 'the body must be a multipart/form-data form');
  const form: Form = { fields: {} };
  try {
    for await (const part of request.parts()) {
      if (part.type === 'file') form.audio = await upload(app, request, key, part);
      else if (typeof part.value === 'string' && part.value !== '') form.fields[part.fieldname] = part.value;
    }
  } catch (error) {
    if (error instanceof RetoneError || 'statusCode' in (error as Error)) throw error;
    throw new RetoneError(400, 'bad_form', 'the body must be a complete multipart/form-data form');
  }
  return form;
}

async function upload(
  app: FastifyInstance,
  request: FastifyRequest,
  key: string,
  part: MultipartFile,
): Promise<string> {
  const boundary = `retone-${crypto.randomUUID()}`;
  const name = (part.filename ?? 'audio').replace(/["\r\n]/g, '');
  async function* body() {
    const disposition = `content-disposition: form-data; name="file"; filename="${name}"`;
    yield Buffer.from(`--${boundary}\r\n${disposition}\r\ncontent-type: ${part.mimetype}\r\n\r\n`);
    yield* part.file;
    yield Buffer.from(`\r\n--${boundary}--\r\n`);
  }
  try {
    const uploaded = await askApi<{ download_url: string }>(app, request, key, '/media/upload/binary', {
      method: 'POST',
      headers: { 'content-type': `multipart/form-data; boundary=${boundary}` },
      body: Readable.from(body()) as unknown as ReadableStream,
    });
    return uploaded.download_url;
  } finally {
    // It may have been refused before it was read.
    part.file.resume();
  }
}
