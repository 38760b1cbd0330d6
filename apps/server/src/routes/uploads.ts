import multipart from '@fastify/multipart';
import { audioFormats, formatOfFileName } from '@retone/audio';
import { newToken, StorageError } from '@retone/storage';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { ApiError, invalidParameters, success } from '../envelope.ts';
import { fileUrl } from '../results.ts';
import { type Service, uploadKey, uploadTooLarge } from '../service.ts';

const ticket = z.object({
  filename: z.string().min(1).max(255),
  size: z.int().min(0),
  content_type: z.string().max(255).optional(),
});

/** Files that clients send: in one multipart request, or by a ticket that says where to PUT the bytes. */
export async function uploadRoutes(api: FastifyInstance, { service }: { service: Service }): Promise<void> {
  const maxBytes = service.settings.RETONE_MAX_UPLOAD_MB * 1e6;
  const tooLarge = () => uploadTooLarge(service);
  // Here alone: everywhere else multipart is a type that is not supported.
  await api.register(multipart, { limits: { files: 1, fileSize: maxBytes, fields: 10, parts: 11 } });

  api.post('/media/upload/binary', async (request) => {
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
    await service.files.add({
      token,
      accountId: request.account.id,
      taskId: null,
      key: uploadKey(token),
      name,
      mediaType,
      size,
    });
    return success({
      type: mediaType.split('/')[0],
      download_url: fileUrl(service.publicUrl(), token),
      filename: name,
      size,
    });
  });

  api.post('/media/uploads', async (request) => {
    const result = ticket.safeParse(request.body ?? {});
    if (!result.success) {
      throw invalidParameters(
        result.error.issues.map((issue) => ({
          parameter: issue.path.join('.') || 'the body',
          given: (request.body as Record<string, unknown> | null)?.[String(issue.path[0])],
          accepted: issue.message,
        })),
      );
    }
    const { filename, size, content_type: contentType } = result.data;
    if (size > maxBytes) throw tooLarge();
    const name = fileName(filename);
    const token = newToken();
    const mediaType = mediaTypeOf(name, contentType);
    await service.files.add({
      token,
      accountId: request.account.id,
      taskId: null,
      key: uploadKey(token),
      name,
      mediaType,
      size: null,
    });
    const url = fileUrl(service.publicUrl(), token);
    const upload = { method: 'PUT', url, headers: { 'content-type': 'application/octet-stream' } };
    return success({ type: mediaType.split('/')[0], download_url: url, filename: name, size, upload });
  });
}

/** What is neither ours nor the store's comes from the form, which ends too early or is none; its reader has plain errors. */
function asFormError(error: Error): never {
  if (error instanceof ApiError || error instanceof StorageError || 'statusCode' in error) throw error;
  throw new ApiError(400, 'bad_form', 'the body is not a complete multipart/form-data form');
}

/** A name without folders and control characters. */
function fileName(given: string): string {
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
