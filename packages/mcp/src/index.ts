export { type HttpMcp, serveHttp } from './http.ts';
export { mcpServer } from './server.ts';
export { serveStdio } from './stdio.ts';
