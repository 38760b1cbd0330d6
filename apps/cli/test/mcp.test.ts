import { execFileSync } from 'node:child_process';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { main, riff, Workplace } from './retone.ts';

// `retone mcp` over stdio with its own service and the built-in model, driven by the official SDK's client.

const place = new Workplace();
let client: Client;

beforeAll(async () => {
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [main, 'mcp'],
    cwd: place.folder,
    env: { ...(process.env as Record<string, string>), RETONE_DATA: place.path('data') },
  });
  client = new Client({ name: 'test', version: '1' });
  await client.connect(transport);
});
afterAll(async () => {
  await client.close();
  place.remove();
});

test('a file is transformed and saved, and the process keeps its hands off other files', async () => {
  const call = () =>
    client.callTool(
      {
        name: 'transform',
        arguments: {
          audio: riff,
          prompt: 'bowed cello',
          duration: 1,
          num_inference_steps: 1,
          output_format: 'wav',
          save_to: place.path('made.wav'),
        },
      },
      { timeout: 300_000 },
    );
  const made = await call();
  expect(made.content).toMatchObject([{ type: 'text' }, { type: 'resource_link', mimeType: 'audio/wav' }]);
  expect(place.files()).toContain('made.wav');
  expect((await call()).isError).toBe(true);
  const missing = await client.callTool({ name: 'transform', arguments: { audio: 'no.wav', prompt: 'x' } });
  expect(missing).toMatchObject({
    isError: true,
    content: [{ text: 'audio must be a file that can be read (got no.wav)' }],
  });
});

test('a second one on the same data folder says what to do', () => {
  const env = { ...process.env, RETONE_DATA: place.path('data') };
  const run = () => execFileSync(process.execPath, [main, 'mcp'], { env, encoding: 'utf8', stdio: 'pipe' });
  expect(run).toThrow(/a Retone service is running on .*--server/);
});
