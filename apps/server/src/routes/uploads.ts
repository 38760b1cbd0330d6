import multipart from '@fastify/multipart';
import { audioFormats, formatOfFileName } from '@retone/audio';
import { newToken, StorageError } from '@retone/storage';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { ApiError, success } from '../envelope.ts';
import { answers } from '../openapi.ts';
import { fileUrl } from '../results.ts';
import { type Service, uploadKey, uploadTooLarge } from '../service.ts';

const tags = ['Files'];
const uploaded = z.object({
  type: z.string().meta({ examples: ['audio'] }),
  download_url: z.string().describe('Accepted wherever a recording is; needs no key.'),
  filename: z.string(),
  size: z.int().describe('Bytes.'),
});
const form = z.object({
  file: z.string().meta({ format: 'binary', description: 'The file, in a part of this name.' }),
});
const ticket = z.strictObject({
  filename: z
    .string()
    .min(1)
    .max(255)
    .meta({ examples: ['riff.wav'] }),
  size: z.int().min(0).describe('Bytes.'),
  content_type: z.string().max(255).optional(),
});
const instruction = uploaded.extend({
  upload: z
    .object({ method: z.literal('PUT'), url: z.string(), headers: z.record(z.string(), z.string()) })
    .describe('Where and how the bytes are to be sent.'),
});

/** Files that clients send: in one multipart request, or by a ticket that says where to PUT the bytes. */
export const uploadRoutes: FastifyPluginAsyncZod<{ service: Service }> = async (api, { service }) => {
  const maxBytes = service.settings.RETONE_MAX_UPLOAD_MB * 1e6;
  const tooLarge = () => uploadTooLarge(service);
  // Here alone: everywhere else multipart is a type that is not supported.
  await api.register(multipart, { limits: { files: 1, fileSize: maxBytes, fields: 10, parts: 11 } });

  const uploadSchema = {
    tags,
    summary: 'Upload a file',
    description: `At most ${service.settings.RETONE_MAX_UPLOAD_MB} MB.`,
    consumes: ['multipart/form-data'],
    body: form,
    response: answers(uploaded),
  };
  // The form is read as it comes, and looked at then.
  const unchecked = () => (value: unknown) => ({ value });
  api.post('/media/upload/binary', { schema: uploadSchema, validatorCompiler: unchecked }, async (request) => {
    if (!request.isMultipart())
      throw new ApiError(415, 'unsupported_media_type', 'an upload is multipart/form-data with one part named "file"');
    const part = await request.file().catch(asFormError);
    if (part?.fieldname !== 'file') throw new ApiError(400, 'no_file', 'an upload has one part named "file"');
    const token = newToken();
    const name = fileName(part.filename ?? '');
    const mediaType = mediaTypeOf(name, part.mimetype);
    const size = await service.keepUpload(token, part.file).catch(asFormError);
    if (part.file.truncated) {
      await service.store.delete(uploadKey(token));
      throw tooLarge();
    }
    return success(await add({ accountId: request.account.id, token, name, mediaType, size }));
  });

  const ticketSchema = {
    tags,
    summary: 'Announce a file, to send its bytes next',
    body: ticket,
    response: answers(instruction),
  };
  api.post('/media/uploads', { schema: ticketSchema }, async ({ account, body }) => {
    const { filename, size, content_type: contentType } = body;
    if (size > maxBytes) throw tooLarge();
    const name = fileName(filename);
    const token = newToken();
    const mediaType = mediaTypeOf(name, contentType);
    const announced = await add({ accountId: account.id, token, name, mediaType, size: null });
    const headers = { 'content-type': 'application/octet-stream' };
    const upload = { method: 'PUT' as const, url: announced.download_url, headers };
    return success({ ...announced, size, upload });
  });

  /** Notes a file, of which the bytes are there or, without a size, are to come. */
  async function add(file: {
    accountId: string;
    token: string;
    name: string;
    mediaType: string;
    size: number | null;
  }): Promise<z.infer<typeof uploaded>> {
    await service.files.add({ ...file, taskId: null, key: uploadKey(file.token) });
    return {
      type: file.mediaType.split('/')[0]!,
      download_url: fileUrl(service.publicUrl(), file.token),
      filename: file.name,
      size: file.size ?? 0,
    };
  }
};

/** What is neither ours nor the store's comes from the form, which ends too early or is none; its reader has plain errors. */
export function asFormError(error: Error): never {
  if (error instanceof ApiError || error instanceof StorageError || 'statusCode' in error) throw error;
  throw new ApiError(400, 'bad_form', 'the body is not a complete multipart/form-data form');
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

function mediaTypeOf(name: string, given: string | undefined): string {
  const known =
    formatOfFileName(name)?.mediaType ?? audioFormats.find(({ mediaType }) => mediaType === given)?.mediaType;
  return known ?? (given && /^[\w.+-]+\/[\w.+-]+$/.test(given) ? given : 'application/octet-stream');
}
