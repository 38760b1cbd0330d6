import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Running, startService } from '../../../apps/server/test/service.ts';
import { StubEngine } from '../../../apps/server/test/stub-engine.ts';
import { type HttpMcp, serveHttp } from '../src/index.ts';

// The MCP server over HTTP, driven by the official SDK's client; the engine is a stub. `apps/cli/test/mcp.test.ts` drives it
// over stdio.

const engine = new StubEngine();
let running: Running;
let http: HttpMcp;

beforeAll(async () => {
  running = await startService({ engine });
  http = await serveHttp({ url: running.url }, { host: '127.0.0.1', port: 0 });
});
afterAll(async () => {
  engine.release();
  await http.close();
  await running.close();
});

type Mode = 'legacy' | 'auto';

/** `legacy` is the protocol of 2025 that most assistants speak, `auto` the newest. */
async function connect(key = running.key, mode: Mode = 'legacy'): Promise<Client> {
  const client = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode } });
  const headers = { authorization: `Bearer ${key}` };
  await client.connect(new StreamableHTTPClientTransport(new URL(http.url), { requestInit: { headers } }));
  return client;
}

/** Output of a tool, parsed. */
function said(result: { content: unknown }) {
  return JSON.parse(textOf(result));
}

function textOf({ content }: { content: unknown }): string {
  return (content as { text: string }[])[0]!.text;
}

describe.each<Mode>(['legacy', 'auto'])('with a key, protocol %s', (mode) => {
  let client: Client;
  beforeAll(async () => {
    client = await connect(running.key, mode);
  });
  afterAll(() => client.close());

  test('lists the tools with the parameters and limits of the service', async () => {
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name).sort()).toEqual([
      'extend',
      'generate',
      'history',
      'inpaint',
      'models',
      'transform',
    ]);
    const { inputSchema } = tools.find(({ name }) => name === 'transform')!;
    const { init_noise_level: level } = inputSchema.properties as Record<string, { minimum: number; maximum: number }>;
    expect(level).toMatchObject({ minimum: 0, maximum: 1, default: 0.9 });
    expect(inputSchema.required).toEqual(['audio', 'prompt']);
    expect(Object.keys(inputSchema.properties!)).not.toContain('save_to');
    for (const tool of tools) expect(tool.description).not.toBe('');
  });

  test('generates, transforms the result, and both are resources', async () => {
    const progress: { progress: number; message?: string }[] = [];
    const made = await client.callTool(
      { name: 'generate', arguments: { prompt: 'rain', kind: 'music', duration: 1, output_format: 'wav' } },
      { onprogress: (each) => void progress.push(each as never) },
    );
    expect(made.isError ?? false).toBe(false);
    const link = made.content[1] as unknown as { uri: string };
    const { task, seed } = said(made);
    expect(link).toMatchObject({ type: 'resource_link', uri: task, mimeType: 'audio/wav' });
    expect(seed).toEqual(expect.any(Number));
    expect(progress.at(-1)!.progress).toBe(1);
    expect(progress.map((each) => each.progress)).toEqual(
      progress.map((each) => each.progress).toSorted((a, b) => a - b),
    );

    const { contents } = await client.readResource({ uri: link.uri });
    const [{ blob }] = contents as unknown as [{ blob: string }];
    expect(Buffer.from(blob, 'base64').subarray(0, 4).toString()).toBe('RIFF');

    const again = await client.callTool({
      name: 'transform',
      arguments: { audio: task, prompt: 'cello', duration: 1 },
    });
    expect(again.isError ?? false).toBe(false);
    expect(engine.requests.at(-1)).toMatchObject({ pipeline: 'audio-to-audio', controls: { prompt: 'cello' } });

    const { resources } = await client.listResources();
    expect(resources.map(({ uri }) => uri)).toContain(task);
    const history = await client.callTool({ name: 'history', arguments: { limit: 2 } });
    const { tasks } = said(history);
    expect(tasks.map(({ prompt }: { prompt: string }) => prompt)).toEqual(['cello', 'rain']);
  });

  test.each([
    ['inpaint', { mask_start_seconds: 0.1, mask_end_seconds: 0.5 }, 'inpaint'],
    ['extend', { extend_seconds_before: 0, extend_seconds_after: 1 }, 'outpaint'],
  ])('%s', async (name, parameters, pipeline) => {
    const made = await client.callTool({ name: 'generate', arguments: { prompt: 'x', duration: 1 } });
    const audio = said(made).task;
    const result = await client.callTool({ name, arguments: { audio, prompt: 'y', ...parameters } });
    expect(result.content).toMatchObject([{ type: 'text' }, { type: 'resource_link' }]);
    expect(engine.requests.at(-1)).toMatchObject({ pipeline });
  });

  test('models are listed with their prices', async () => {
    const models = said(await client.callTool({ name: 'models', arguments: {} }));
    expect(models[0]).toMatchObject({
      model_id: 'stability-ai/stable-audio-3/audio-to-audio',
      price: expect.any(Number),
    });
  });

  test.each([
    ['generate', { prompt: 'refuse', duration: 1 }, /the engine refuses this/],
    ['generate', { prompt: 'x', duration: 99_999 }, /duration/],
    ['transform', { prompt: 'x', audio: '/etc/hostname' }, /audio must be an http\(s\) URL/],
    ['transform', { prompt: 'x', audio: `retone://tasks/${'0'.repeat(32)}` }, /there is no task/],
  ])('%s %j fails with the reason', async (name, parameters, reason) => {
    const outcome = await client.callTool({ name, arguments: parameters }).catch((error: Error) => ({
      isError: true,
      content: [{ type: 'text', text: error.message }],
    }));
    expect(outcome.isError).toBe(true);
    expect(textOf(outcome)).toMatch(reason);
  });
});

// The protocol of 2025 has a separate request for this, which over HTTP without sessions finds nothing to cancel.
test('a call that is cancelled cancels its task', async () => {
  const client = await connect(running.key, 'auto');
  engine.hold();
  const abort = new AbortController();
  const call = client.callTool(
    { name: 'generate', arguments: { prompt: 'held', duration: 1 } },
    { signal: abort.signal, onprogress: () => abort.abort() },
  );
  await expect(call).rejects.toThrow();
  const latest = async () => {
    const { body } = await running.call('GET', '/api/v3/predictions?page_size=1');
    const [{ status, input }] = body.data.items;
    return [input.prompt, status];
  };
  await expect.poll(latest).toEqual(['held', 'cancelled']);
  engine.release();
  await client.close();
});

test('without a key, or with one that is unknown, it is refused', async () => {
  const bare = await fetch(http.url, { method: 'POST', body: '{}' });
  expect(bare.status).toBe(401);
  await expect(connect('rt_unknown').then((client) => client.listTools())).rejects.toThrow();
});

test("an account's results are its own", async () => {
  const other = await running.newAccount();
  const [one, another] = [await connect(), await connect(other.key)];
  const { task } = said(await one.callTool({ name: 'generate', arguments: { prompt: 'mine', duration: 1 } }));
  await expect(another.readResource({ uri: task })).rejects.toThrow(/there is no task/);
  await Promise.all([one.close(), another.close()]);
});

test('requests of one key ask for the models once', async () => {
  const asked = async () => {
    const text = await (await fetch(`${running.url}/metrics`)).text();
    return Number(/_count\{[^}]*route="\/api\/v3\/models"[^}]*\} (\d+)/.exec(text)?.[1] ?? 0);
  };
  const { key } = await running.newAccount();
  const before = await asked();
  const client = await connect(key);
  await client.listTools();
  await client.listTools();
  await client.close();
  expect((await asked()) - before).toBe(1);
});
