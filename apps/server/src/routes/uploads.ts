import { audioFormats, formatOfFileName, type UploadInfo, uploadSchema } from '@retone/contract';
import type { SharedFile } from '@retone/jobs';
import { newToken } from '@retone/storage';
import type { FastifyRequest } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { checkQuota, keepUpload } from '../admission.ts';
import { success } from '../envelope.ts';
import { fileForm, fileName, fileOf, fileTooLarge, takeForms } from '../file-form.ts';
import { answers } from '../openapi.ts';
import { fileUrl } from '../results.ts';
import type { Service } from '../service.ts';
import { maxFileBytes } from '../settings.ts';

const tags = ['Files'];
const uploadedUrl = uploadSchema.extend({ url: z.string().describe('Same as `download_url`.') });
const ticket = z.object({
  filename: z
    .string()
    .min(1)
    .max(255)
    .meta({ examples: ['riff.wav'] }),
  size: z.int().min(0).describe('Bytes; the upload must have as many.'),
  content_type: z.string().max(255).optional(),
});
const instruction = uploadSchema.extend({
  upload: z
    .object({ method: z.literal('PUT'), url: z.string(), headers: z.record(z.string(), z.string()) })
    .describe('Where and how the bytes are to be sent.'),
});

/** Files that clients send: in one multipart request, or by a ticket that says where to PUT the bytes. */
export const uploadRoutes: FastifyPluginAsyncZod<{ service: Service }> = async (api, { service }) => {
  const { settings } = service;
  await takeForms(api, settings);

  const { schema: form, validatorCompiler } = fileForm(settings, 'The file');
  const schema = { tags, summary: 'Upload a file', ...form, response: answers(uploadSchema) };
  const take = async (request: FastifyRequest) => {
    const { name, mediaType: given, content } = await fileOf(request, settings);
    await checkQuota(service, request.account.id, Number(request.headers['content-length'] ?? 0));
    const { key, size } = await keepUpload(service, content);
    return add(request, { key, name, mediaType: mediaTypeOf(name, given), size });
  };
  api.post('/media/upload/binary', { schema, validatorCompiler }, async (request) => success(await take(request)));
  const shortSchema = { ...schema, summary: 'Upload a file, by another path', response: answers(uploadedUrl) };
  api.post('/upload', { schema: shortSchema, validatorCompiler }, async (request) => {
    const file = await take(request);
    return success({ ...file, url: file.download_url });
  });

  const ticketSchema = {
    tags,
    summary: 'Announce a file, to send its bytes next',
    body: ticket,
    response: answers(instruction),
  };
  api.post('/media/uploads', { schema: ticketSchema }, (request) => announce(request, request.body));
  // For dialects whose clients do not say how much will come.
  const unsized = ticket.omit({ size: true });
  api.post('/media/uploads/unsized', { schema: { hide: true, body: unsized } }, (request) =>
    announce(request, { ...request.body, size: null }),
  );

  async function announce(
    request: FastifyRequest,
    { filename, size, content_type: contentType }: z.output<typeof unsized> & { size: number | null },
  ) {
    const bytes = size ?? 0;
    if (bytes > maxFileBytes(settings)) throw fileTooLarge(settings);
    const name = fileName(filename);
    await checkQuota(service, request.account.id, bytes);
    const mediaType = mediaTypeOf(name, contentType);
    const key = `uploads/${newToken()}`;
    const announced = await add(request, { key, name, mediaType, size: null, announcedSize: size });
    const headers = { 'content-type': 'application/octet-stream' };
    const upload = { method: 'PUT' as const, url: announced.download_url, headers };
    return success({ ...announced, size: bytes, upload });
  }

  /** Notes a file, of which the bytes are there or, without a size, are to come. */
  async function add(
    { account, publicUrl }: FastifyRequest,
    file: Pick<SharedFile, 'key' | 'name' | 'mediaType' | 'size' | 'announcedSize'>,
  ): Promise<UploadInfo> {
    const token = newToken();
    await service.files.add({ ...file, token, accountId: account.id, taskId: null });
    return {
      type: file.mediaType.split('/')[0]!,
      download_url: fileUrl(publicUrl, token, file.name),
      filename: file.name,
      size: file.size ?? 0,
    };
  }
};

function mediaTypeOf(name: string, given: string | undefined): string {
  const known =
    formatOfFileName(name)?.mediaType ?? audioFormats.find(({ mediaType }) => mediaType === given)?.mediaType;
  return known ?? (given && /^[\w.+-]+\/[\w.+-]+$/.test(given) ? given : 'application/octet-stream');
}
