import { fromJsonSchema, type McpServer } from '@modelcontextprotocol/server';
import type { Input, Model, ModelName } from '@retone/client';
import { runTask } from './run-task.ts';
import type { Toolbox } from './toolbox.ts';

/** A tool that makes sound: the model of the service behind it, and what of the model's schema callers do not need. */
interface SoundTool {
  name: string;
  model: ModelName;
  title: string;
  description: string;
}

const tools: SoundTool[] = [
  {
    name: 'transform',
    model: 'audio-to-audio',
    title: 'Transform a recording',
    description: 'Turns a recording into what the prompt describes, along the lines of the recording.',
  },
  {
    name: 'inpaint',
    model: 'audio-inpainting',
    title: 'Regenerate a section',
    description: 'Regenerates a section of a recording as the prompt describes, and keeps the rest.',
  },
  {
    name: 'extend',
    model: 'audio-outpainting',
    title: 'Extend a recording',
    description: 'Continues a recording before its start or after its end, as the prompt describes.',
  },
  {
    name: 'generate',
    model: 'text-to-audio',
    title: 'Generate sound',
    description: 'Makes sound effects, textures or music from a prompt alone.',
  },
];

/** Parameters of the HTTP API that mean nothing here. */
const hidden = ['enable_sync_mode', 'enable_base64_output', 'webhook_url', 'loras'];

type Properties = Record<string, Record<string, unknown>>;

/** Registers the tools that make sound. Their parameters and limits are those of the service's catalogue. */
export function addSoundTools(server: McpServer, toolbox: Toolbox, models: Model[]): void {
  for (const tool of tools) {
    const found = models.find(({ model_id: id }) => id.endsWith(`/${tool.model}`));
    if (!found) continue;
    const { title, description } = tool;
    const annotations = { readOnlyHint: false, destructiveHint: false, openWorldHint: false };
    const inputSchema = fromJsonSchema<Record<string, unknown>>(schemaOf(tool, found, toolbox.mayUseFiles) as never);
    server.registerTool(tool.name, { title, description, annotations, inputSchema }, async (given, context) => {
      const { kind, save_to: saveTo, ...rest } = given;
      const audio = rest.audio === undefined ? {} : { audio: await toolbox.source(String(rest.audio)) };
      const model = tool.name === 'generate' && kind === 'music' ? 'music' : tool.model;
      return runTask(
        toolbox,
        model,
        { ...rest, ...audio } as Input<typeof model>,
        saveTo as string | undefined,
        context,
      );
    });
  }
}

function schemaOf(tool: SoundTool, model: Model, mayUseFiles: boolean): object {
  const { request_schema: schema } = model.api_schema.api_schemas[0]!;
  const all = Object.entries(schema.properties as Properties).filter(([name]) => !hidden.includes(name));
  const properties: Properties = Object.fromEntries(all.map(([name, property]) => [name, plain(property)]));
  if (properties.audio) {
    const file = mayUseFiles ? 'a path on this machine, ' : '';
    properties.audio.description = `The recording: ${file}an http(s) URL, a data URI, or retone://tasks/<id>, an earlier result.`;
  }
  if (tool.name === 'generate') {
    const description = 'music, or sound: effects and textures.';
    properties.kind = { type: 'string', enum: ['sound', 'music'], default: 'sound', description };
  }
  if (mayUseFiles) {
    const description = 'A new file on this machine for the result; output_format should fit its extension.';
    properties.save_to = { type: 'string', description };
  }
  const required = ((schema.required ?? []) as string[]).filter((name) => name in properties && name !== 'loras');
  // A parameter with a default may be left out: the service fills it in.
  const needed = required.filter((name) => !('default' in properties[name]!));
  return { type: 'object', properties, required: needed, additionalProperties: false };
}

/** A property without the page's own keywords. */
function plain(property: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(property).filter(([name]) => !name.startsWith('x-')));
}
