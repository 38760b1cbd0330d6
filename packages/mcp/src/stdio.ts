import { serveStdio as serve } from '@modelcontextprotocol/server/stdio';
import type { Connection } from '@retone/client';
import { mcpServer } from './server.ts';

/** Serves MCP to the program that started this one, until that closes its end or the signal is aborted. */
export async function serveStdio(service: Connection, signal: AbortSignal): Promise<void> {
  const handle = serve(() => mcpServer(service, { mayUseFiles: true }));
  await new Promise<void>((resolve) => {
    process.stdin.once('end', resolve);
    process.stdin.once('close', resolve);
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
  await handle.close();
}
