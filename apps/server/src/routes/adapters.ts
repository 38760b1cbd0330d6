import multipart from '@fastify/multipart';
import { checkAdapter, newTaskId } from '@retone/jobs';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { ApiError, success } from '../envelope.ts';
import { answers } from '../openapi.ts';
import { type Service, uploadTooLarge } from '../service.ts';
import { asFormError, fileName } from './uploads.ts';

const tags = ['Files'];
const adapter = z
  .object({
    id: z.string().describe('What a task names it by: `"loras": [{"id": "..."}]`.'),
    name: z.string(),
    size: z.int().describe('Bytes.'),
    created_at: z.iso.datetime(),
  })
  .meta({ id: 'Adapter', description: 'An adapter (LoRA) that this account has uploaded.' });
const form = z.object({
  file: z.string().meta({ format: 'binary', description: 'The adapter, a .safetensors file, in a part of this name.' }),
});

/** Adapters of an account: they stay until it deletes them, and no other account can use them. */
export const adapterRoutes: FastifyPluginAsyncZod<{ service: Service }> = async (api, { service }) => {
  const maxBytes = service.settings.RETONE_MAX_UPLOAD_MB * 1e6;
  await api.register(multipart, { limits: { files: 1, fileSize: maxBytes, fields: 10, parts: 11 } });

  const uploadSchema = {
    tags,
    summary: 'Upload an adapter',
    description: `At most ${service.settings.RETONE_MAX_UPLOAD_MB} MB.`,
    consumes: ['multipart/form-data'],
    body: form,
    response: answers(adapter),
  };
  // The form is read as it comes, and looked at then.
  const unchecked = () => (value: unknown) => ({ value });
  api.post('/adapters', { schema: uploadSchema, validatorCompiler: unchecked }, async (request) => {
    if (!request.isMultipart())
      throw new ApiError(415, 'unsupported_media_type', 'an adapter is multipart/form-data with one part named "file"');
    const part = await request.file().catch(asFormError);
    if (part?.fieldname !== 'file') throw new ApiError(400, 'no_file', 'an adapter comes in one part named "file"');
    const bytes = await part.toBuffer().catch((error: Error) => {
      if (part.file.truncated) throw uploadTooLarge(service);
      return asFormError(error);
    });
    const problem = checkAdapter(bytes);
    if (problem) throw new ApiError(400, 'bad_adapter', `file: ${problem}`);
    const id = newTaskId();
    const key = `adapters/${id}`;
    await service.store.put(key, bytes);
    const name = fileName(part.filename ?? '');
    return success(
      shown(await service.adapters.add({ id, accountId: request.account.id, name, key, size: bytes.length })),
    );
  });

  const listSchema = { tags, summary: 'The adapters of the account', response: answers(z.array(adapter)) };
  api.get('/adapters', { schema: listSchema }, async ({ account }) => {
    return success((await service.adapters.list(account.id)).map(shown));
  });

  const removeSchema = {
    tags,
    summary: 'Delete an adapter',
    params: z.object({ id: z.string() }),
    response: answers(z.object({ id: z.string(), status: z.literal('deleted') }), 404),
  };
  api.delete('/adapters/:id', { schema: removeSchema }, async ({ account, params: { id } }) => {
    const removed = await service.adapters.remove(account.id, id);
    if (!removed) throw new ApiError(404, 'unknown_adapter', `there is no adapter "${id.slice(0, 100)}"`);
    // The row first: a file without a row is rubbish to sweep, a row without its file is a broken promise.
    await service.store.delete(removed.key);
    return success({ id, status: 'deleted' as const });
  });
};

function shown({
  id,
  name,
  size,
  createdAt,
}: Awaited<ReturnType<Service['adapters']['add']>>): z.infer<typeof adapter> {
  return { id, name, size, created_at: createdAt.toISOString() };
}
