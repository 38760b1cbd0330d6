import { createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A receiver of webhooks on loopback. */
export interface Receiver {
  url: string;
  /** Status of each task whose webhook arrived, by id; wrong signatures are refused. */
  received: Map<string, string>;
  /** The secrets of the accounts whose webhooks come here: one of them must fit a signature. */
  secrets: string[];
  /** Whether everything is answered with 500. */
  refuses: boolean;
  close(): void;
}

export async function startReceiver(): Promise<Receiver> {
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request.setEncoding('utf8')) body += chunk;
    const { 'webhook-id': id, 'webhook-timestamp': time, 'webhook-signature': signature } = request.headers;
    if (receiver.refuses) return void response.writeHead(500).end();
    const right = receiver.secrets.some((secret) => {
      const digest = createHmac('sha256', secret.slice('whsec_'.length)).update(`${id}.${time}.${body}`);
      return signature === `v3,${digest.digest('hex')}`;
    });
    if (right) {
      const task = JSON.parse(body) as { id: string; status: string };
      receiver.received.set(task.id, task.status);
    }
    response.writeHead(right ? 204 : 401).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const receiver: Receiver = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    received: new Map(),
    secrets: [],
    refuses: false,
    close: () => server.close(),
  };
  return receiver;
}
