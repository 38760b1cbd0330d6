import { type McpServer, ResourceTemplate } from '@modelcontextprotocol/server';
import type { Task } from '@retone/client';
import type { Toolbox } from './toolbox.ts';

const mediaTypes: Record<string, string> = {
  wav: 'audio/wav',
  mp3: 'audio/mpeg',
  flac: 'audio/flac',
  ogg: 'audio/ogg',
  opus: 'audio/ogg',
  m4a: 'audio/mp4',
  aac: 'audio/aac',
};
/** Results that are listed as resources. */
const listed = 50;

/** The link to a task's result. */
export function linkOf(task: Task) {
  const { prompt, output_format: format } = task.input as { prompt: string; output_format: string };
  const name = prompt.length > 60 ? `${prompt.slice(0, 59)}…` : prompt;
  const mimeType = mediaTypes[format] ?? 'application/octet-stream';
  return { type: 'resource_link' as const, uri: uriOf(task), name, mimeType };
}

function uriOf({ id }: Task): string {
  return `retone://tasks/${id}`;
}

/** Results as resources: the newest are listed, and each can be read by its task's id. */
export function addResources(server: McpServer, { client }: Toolbox): void {
  const list = async () => {
    const { items } = await client.history({ status: 'completed', page_size: listed });
    return { resources: items.map((task) => ({ ...linkOf(task as Task), type: undefined })) };
  };
  const description = 'The result of a task, as an audio file';
  server.registerResource(
    'result',
    new ResourceTemplate('retone://tasks/{id}', { list }),
    { title: 'Results', description },
    async (uri, { id }) => {
      const task = await client.task(String(id));
      if (task.status !== 'completed') throw new Error(`task ${id} is ${task.status}: it has no result`);
      const response = await client.download(task.outputs[0]!);
      const blob = Buffer.from(await response.arrayBuffer()).toString('base64');
      return { contents: [{ uri: uri.href, mimeType: linkOf(task).mimeType, blob }] };
    },
  );
}
