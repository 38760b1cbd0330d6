import type { McpServer } from '@modelcontextprotocol/server';
import type { Model, Task } from '@retone/client';
import { z } from 'zod';
import type { Toolbox } from './toolbox.ts';

const query = z.object({
  status: z.enum(['created', 'processing', 'completed', 'failed', 'cancelled']).optional(),
  limit: z.int().min(1).max(100).default(20),
  cursor: z.string().optional().describe('next_cursor of the page before.'),
});

/** Registers the tools that read tasks and models. */
export function addCatalogueTools(server: McpServer, { client }: Toolbox, models: Model[]): void {
  const annotations = { readOnlyHint: true, openWorldHint: false };
  server.registerTool(
    'history',
    { title: 'History', description: 'Tasks, newest first, with their results.', annotations, inputSchema: query },
    async ({ status, limit, cursor }) => {
      const given = { ...(status ? { status } : {}), ...(cursor ? { cursor } : {}) };
      const { items, total, next_cursor } = await client.history({ page_size: limit, ...given });
      return said({ total, ...(next_cursor ? { next_cursor } : {}), tasks: items.map((task) => line(task as Task)) });
    },
  );
  server.registerTool(
    'models',
    { title: 'Models', description: 'What the service offers, with prices in US dollars.', annotations },
    async () =>
      said(
        models.map(({ model_id, name, description, base_price }) => ({
          model_id,
          name,
          description,
          price: base_price,
        })),
      ),
  );
}

function line({ id, model, status, created_at, seed, input, error, outputs }: Task) {
  const { prompt } = input;
  const end = status === 'completed' ? { url: outputs[0] } : error ? { error } : {};
  return { task: `retone://tasks/${id}`, model, status, created_at, prompt, seed, ...end };
}

function said(value: unknown) {
  return { content: [{ type: 'text' as const, text: JSON.stringify(value) }] };
}
