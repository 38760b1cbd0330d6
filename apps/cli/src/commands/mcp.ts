import { type Flags, parse, UsageError } from '../arguments.ts';
import type { Command } from '../command.ts';
import { connect, serverFlag } from '../connection.ts';

const flags = {
  server: serverFlag,
  port: { type: 'number', value: 'port', help: 'serve over HTTP at this port instead of standard input and output' },
  host: { type: 'string', value: 'address', help: 'with --port: address to listen on; default 127.0.0.1' },
} satisfies Flags;

export const mcpCommands: Record<string, Command> = {
  mcp: {
    summary: 'serve the tools to assistants (Model Context Protocol)',
    usage: '[--server url] [--port port]',
    flags,
    async run(args, signal) {
      const { values, positionals } = parse(args, flags);
      const { server, port, host = '127.0.0.1' } = values;
      if (positionals[0] !== undefined) throw new UsageError(`"${positionals[0]}" is one argument too many`);
      if (values.host !== undefined && port === undefined) throw new UsageError('--host needs --port');
      const { serveHttp, serveStdio } = await import('@retone/mcp');
      const stop = AbortSignal.any([signal, terminated()]);
      // Over HTTP each request brings its own key.
      const service = await connect(server, { key: port === undefined });
      try {
        if (port === undefined) return await serveStdio(service.connection, stop);
        const http = await serveHttp({ url: service.connection.url }, { host, port });
        console.log(`Retone's MCP server is at ${http.url}; its bearer token is an API key of the service`);
        await new Promise<void>((resolve) => stop.addEventListener('abort', () => resolve(), { once: true }));
        await http.close();
      } finally {
        await service.close();
      }
    },
  },
};

function terminated(): AbortSignal {
  const abort = new AbortController();
  process.once('SIGTERM', () => abort.abort());
  return abort.signal;
}
