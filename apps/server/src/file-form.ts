import multipart, { type MultipartFile } from '@fastify/multipart';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { ApiError } from './envelope.ts';
import { maxFileBytes, type Settings } from './settings.ts';

/** Bytes of a form beside its file. */
const formBytes = 64 * 1024;

/** A file of a form, on its way. */
export interface IncomingFile {
  /** Without folders and control characters. */
  name: string;
  /** As the client has it. */
  mediaType: string;
  /** Throws ApiError where the form ends too early, or the file is larger than the settings allow. */
  content: AsyncIterable<Uint8Array>;
}

/** Has the routes of an app take forms. Everywhere else multipart is a type that is not supported. */
export async function takeForms(app: FastifyInstance, settings: Settings): Promise<void> {
  await app.register(multipart, { limits: { files: 1, fileSize: maxFileBytes(settings), fields: 10, parts: 11 } });
}

/** Declaration of a route that takes a form with one file. */
export function fileForm(settings: Settings, file: string) {
  return {
    schema: {
      description: `At most ${settings.RETONE_MAX_UPLOAD_MB} MB.`,
      consumes: ['multipart/form-data'],
      body: z.object({ file: z.string().meta({ format: 'binary', description: `${file}, in a part of this name.` }) }),
    },
    // The form is read as it comes, and looked at then.
    validatorCompiler: () => (value: unknown) => ({ value }),
  };
}

/**
 * The file of a form, which its reader must consume.
 *
 * @throws ApiError when the request is not a form, or has no file
 */
export async function fileOf(request: FastifyRequest, settings: Settings): Promise<IncomingFile> {
  if (!request.isMultipart()) {
    throw new ApiError('unsupported_media_type', 'a file comes as multipart/form-data with one part named "file"');
  }
  // Before any of it is read; what a form has around its file is small.
  if (Number(request.headers['content-length'] ?? 0) > maxFileBytes(settings) + formBytes) throw fileTooLarge(settings);
  const part = await request.file().catch(refuse);
  if (part?.fieldname !== 'file') throw new ApiError('no_file', 'the form has no part named "file" with a file');
  return { name: fileName(part.filename ?? ''), mediaType: part.mimetype, content: whole(part.file, settings) };
}

async function* whole(file: MultipartFile['file'], settings: Settings): AsyncGenerator<Uint8Array, void> {
  try {
    for await (const chunk of file) {
      yield chunk;
      // A file that is too large is cut off without an error.
      if (file.truncated) throw fileTooLarge(settings);
    }
  } catch (error) {
    refuse(error as Error);
  }
  if (file.truncated) throw fileTooLarge(settings);
}

/** The form's reader has plain errors for forms that end too early, and for what is none. */
function refuse(error: Error): never {
  if ('statusCode' in error || error instanceof ApiError) throw error;
  throw new ApiError('bad_form', 'the body is not a complete multipart/form-data form');
}

export function fileTooLarge({ RETONE_MAX_UPLOAD_MB: megabytes }: Settings): ApiError {
  return new ApiError('too_large', `the file is too large; at most ${megabytes} MB are accepted`);
}

/** A name without folders and control characters. */
export function fileName(given: string): string {
  const name = given
    .split(/[/\\]/)
    .at(-1)!
    .replace(/[\p{Cc}"]/gu, '')
    .slice(-200)
    .toWellFormed();
  return name || 'upload';
}
