import { AsyncResource } from 'node:async_hooks';
import type { Socket } from 'node:net';
import pg from 'pg';

type Callback = (payload: string) => void;

const firstDelay = 100;
const longestDelay = 5_000;
/** Milliseconds that a connection may take to say goodbye. */
const closing = 1_000;

/** Ends a connection without a word, as it may no longer be able to answer. */
export function cutOff(client: pg.ClientBase): void {
  (client as unknown as { connection: { stream: Socket } }).connection.stream.destroy();
}

/** A separate connection for LISTEN, made when first needed and again whenever it is lost. */
export class Listener {
  readonly #config: pg.ClientConfig;
  readonly #heartbeatMs: number;
  readonly #callbacks = new Map<string, Set<Callback>>();
  #client: Promise<pg.Client> | undefined;
  #retry: NodeJS.Timeout | undefined;
  #closed = false;
  #last: Promise<unknown> = Promise.resolve();

  /** @param heartbeatMs how often the connection is tried: one that is silent may have nothing to say, or be lost */
  constructor(config: pg.ClientConfig, heartbeatMs: number) {
    this.#config = config;
    this.#heartbeatMs = heartbeatMs;
  }

  async listen(channel: string, onNotify: Callback): Promise<() => Promise<void>> {
    const callbacks = this.#callbacks.get(channel) ?? new Set();
    const callback = AsyncResource.bind(onNotify);
    callbacks.add(callback);
    this.#callbacks.set(channel, callbacks);
    const unlisten = async () => {
      callbacks.delete(callback);
      if (callbacks.size > 0 || this.#callbacks.get(channel) !== callbacks) return;
      this.#callbacks.delete(channel);
      const client = await this.#client?.catch(() => undefined);
      // Someone may listen again by now; and with the connection lost, so is what was listened to.
      if (client && !this.#callbacks.has(channel)) await this.#run(client, `UNLISTEN ${channel}`).catch(() => {});
    };
    try {
      await this.#run(await this.#connection(), `LISTEN ${channel}`);
    } catch (error) {
      await unlisten();
      throw error;
    }
    return unlisten;
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#retry);
    this.#callbacks.clear();
    const client = await this.#client?.catch(() => undefined);
    if (!client) return;
    const cut = setTimeout(() => cutOff(client), closing);
    await client.end();
    clearTimeout(cut);
  }

  /** Runs a statement after those before it: a connection takes one at a time. */
  #run(client: pg.Client, sql: string): Promise<unknown> {
    const result = this.#last.then(() => client.query(sql));
    this.#last = result.catch(() => {});
    return result;
  }

  #connection(): Promise<pg.Client> {
    this.#client ??= this.#connect().catch((error) => {
      this.#client = undefined;
      throw error;
    });
    return this.#client;
  }

  async #connect(): Promise<pg.Client> {
    const client = new pg.Client(this.#config);
    // 'end' follows every 'error' and is where it is dealt with.
    client.on('error', () => {});
    client.on('notification', ({ channel, payload = '' }) => {
      for (const callback of this.#callbacks.get(channel) ?? []) callback(payload);
    });
    await client.connect();
    const heartbeat = setInterval(() => {
      this.#run(client, 'SELECT 1').catch(() => cutOff(client));
    }, this.#heartbeatMs);
    client.on('end', () => {
      clearInterval(heartbeat);
      this.#client = undefined;
      this.#reconnect(firstDelay);
    });
    for (const channel of this.#callbacks.keys()) await client.query(`LISTEN ${channel}`);
    return client;
  }

  #reconnect(delay: number): void {
    if (this.#closed || this.#callbacks.size === 0) return;
    // A connection may be lost while it is made, and is then reported twice.
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => {
      this.#connection().catch(() => this.#reconnect(Math.min(2 * delay, longestDelay)));
    }, delay);
  }
}
