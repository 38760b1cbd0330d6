import { buffer } from 'node:stream/consumers';
import { adapterChannel, adapterHash, checkAdapter, newTaskId } from '@retone/jobs';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { checkQuota } from '../admission.ts';
import { ApiError, success } from '../envelope.ts';
import { fileForm, fileOf, takeForms } from '../file-form.ts';
import { answers } from '../openapi.ts';
import type { Service } from '../service.ts';

const tags = ['Files'];
const adapter = z
  .object({
    id: z.string().describe('What a task names it by: `"loras": [{"id": "..."}]`.'),
    name: z.string(),
    size: z.int().describe('Bytes.'),
    created_at: z.iso.datetime(),
  })
  .meta({ id: 'Adapter', description: 'An adapter (LoRA) that this account has uploaded.' });

/** Adapters of an account: they stay until it deletes them, and no other account can use them. */
export const adapterRoutes: FastifyPluginAsyncZod<{ service: Service }> = async (api, { service }) => {
  const { settings } = service;
  await takeForms(api, settings);

  const { schema: form, validatorCompiler } = fileForm(settings, 'The adapter, a .safetensors file');
  const uploadSchema = { tags, summary: 'Upload an adapter', ...form, response: answers(adapter) };
  api.post('/adapters', { schema: uploadSchema, validatorCompiler }, async (request) => {
    const { name, content } = await fileOf(request, settings);
    const bytes = await buffer(content);
    const problem = checkAdapter(bytes);
    if (problem) throw new ApiError('bad_adapter', `file: ${problem}`);
    const id = newTaskId();
    const key = `adapters/${id}`;
    const { id: accountId } = request.account;
    await checkQuota(service, accountId, bytes.length);
    await service.store.put(key, bytes);
    const hash = adapterHash(bytes);
    return success(shown(await service.adapters.add({ id, accountId, name, key, size: bytes.length, hash })));
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
    if (!removed) throw new ApiError('unknown_adapter', `there is no adapter "${id.slice(0, 100)}"`);
    // The row first: a file without a row is rubbish to sweep, a row without its file is a broken promise.
    await service.store.delete(removed.key);
    if (removed.hash) await service.database.notify(adapterChannel, removed.hash);
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
