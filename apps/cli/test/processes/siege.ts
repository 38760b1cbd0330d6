import { setTimeout as sleep } from 'node:timers/promises';
import type { ServiceProcess } from './process.ts';

/** A request and its expected outcome. */
export interface Asked {
  account: string;
  id: string;
  /** It was cancelled or deleted on the way: it need not be there, and need not have been completed. */
  unwanted: boolean;
}

/** An account's key, to ask with. */
export interface Client {
  account: string;
  key: string;
}

const root = 'stability-ai/stable-audio-3';
/** Inputs of tasks: with and without a recording, in formats that differ in what coding them takes. */
const kinds = [
  { model: `${root}/music`, input: { prompt: 'a drum', duration: 1, num_inference_steps: 2, output_format: 'wav' } },
  {
    model: `${root}/text-to-audio`,
    input: { prompt: 'rain', duration: 1, num_inference_steps: 2, output_format: 'flac' },
  },
  {
    model: `${root}/audio-to-audio`,
    input: { prompt: 'a cello', duration: 1, num_inference_steps: 2, output_format: 'mp3' },
    from: 'body',
  },
  {
    model: `${root}/audio-to-audio`,
    input: { prompt: 'a flute', duration: 1, num_inference_steps: 2, output_format: 'wav' },
    from: 'upload',
  },
] as const;

/** How many of the completed tasks are fetched in another format. */
const convertedShare = 0.2;

/** Clients that ask for tasks, and keep asking whatever fails, as SDKs do. */
export class Siege {
  readonly #apis: ServiceProcess[];
  readonly #random: () => number;
  readonly #webhook: string;
  readonly #recording: string;
  readonly asked: Asked[] = [];
  over = false;

  constructor(options: { apis: ServiceProcess[]; random: () => number; webhook: string; recording: string }) {
    this.#apis = options.apis;
    this.#random = options.random;
    this.#webhook = options.webhook;
    this.#recording = options.recording;
  }

  /** Calls the API as a client does that tries again for as long as the service is away. A body of bytes is an upload. */
  async call({ key }: Client, method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
    const text = await this.#try(key, method, `/api/v3${path}`, body, headers);
    return text === undefined ? undefined : JSON.parse(text).data;
  }

  /** The text of an answer; undefined for 404. */
  async #try(key: string, method: string, path: string, body: unknown, headers: Record<string, string>) {
    while (!this.over) {
      const { url } = this.#apis[Math.floor(this.#random() * this.#apis.length)]!;
      let answer: { status: number; text: string } | undefined;
      try {
        const isForm = body instanceof FormData;
        const response = await fetch((url ?? 'http://127.0.0.1:1') + path, {
          method,
          headers: {
            authorization: `Bearer ${key}`,
            ...(body && !isForm ? { 'content-type': 'application/json' } : {}),
            ...headers,
          },
          ...(body ? { body: isForm ? body : JSON.stringify(body) } : {}),
          signal: AbortSignal.timeout(20_000),
        });
        answer = { status: response.status, text: await response.text() };
      } catch {
        // The part was killed, or does not answer.
      }
      if (answer && answer.status < 400) return answer.text;
      if (answer?.status === 404) return undefined;
      if (answer && answer.status < 500 && answer.status !== 429) throw new Error(`${method} ${path}: ${answer.text}`);
      await sleep(200);
    }
    throw new Error('it is over');
  }

  /** The recording, as a body or an upload has it. */
  async #audio(client: Client, from: 'body' | 'upload'): Promise<string> {
    if (from === 'body') return this.#recording;
    const form = new FormData();
    form.append('file', new Blob([Buffer.from(this.#recording, 'base64')]), 'tone.flac');
    const { download_url: url } = await this.call(client, 'POST', '/media/upload/binary', form);
    return url;
  }

  /**
   * Submits tasks of an account while `more`, and cancels or deletes some of them.
   *
   * @param more with how many there were
   * @param most how many may be open at once
   */
  async submit(client: Client, more: (count: number) => boolean, most = Infinity): Promise<void> {
    for (let i = 0; more(i); i++) {
      const kind = kinds[Math.floor(this.#random() * kinds.length)]!;
      const input = 'from' in kind ? { ...kind.input, audio: await this.#audio(client, kind.from) } : kind.input;
      const path = `/${kind.model}?webhook=${encodeURIComponent(this.#webhook)}`;
      const { id } = await this.call(client, 'POST', path, input, { 'idempotency-key': `${client.account}-${i}` });
      const asked: Asked = { account: client.account, id, unwanted: this.#random() < 0.1 };
      this.asked.push(asked);
      if (asked.unwanted) {
        await sleep(500 * this.#random());
        if (this.#random() < 0.5) await this.call(client, 'DELETE', `/predictions/${id}`);
        else await this.call(client, 'POST', '/predictions/delete', { ids: [id] });
      }
      while (most < Infinity && (await this.#open(client)) >= most) await sleep(200);
    }
  }

  async #open(client: Client): Promise<number> {
    const count = async (status: string) =>
      (await this.call(client, 'GET', `/predictions?status=${status}&page_size=1`)).total as number;
    return (await count('created')) + (await count('processing'));
  }

  /** Resolves when a task has been completed, when none is open, or after so many looks, a second apart. */
  async progress(clients: readonly Client[], looks: number): Promise<void> {
    const completed = async () => {
      const counts = clients.map((client) => this.call(client, 'GET', '/predictions?status=completed&page_size=1'));
      return (await Promise.all(counts)).reduce((sum, { total }) => sum + total, 0);
    };
    const open = async () =>
      (await Promise.all(clients.map((client) => this.#open(client)))).some((count) => count > 0);
    const before = await completed();
    for (let look = 0; look < looks && (await open()) && (await completed()) === before; look++) await sleep(1000);
  }

  /** Resolves when every task of an account has ended. */
  async ended(client: Client): Promise<void> {
    for (const { id, account } of this.asked) {
      if (account !== client.account) continue;
      for (;;) {
        const task = await this.call(client, 'GET', `/predictions/${id}`);
        if (task?.status === 'completed' && this.#random() < convertedShare) {
          await this.#try(client.key, 'GET', `${new URL(task.outputs[0]).pathname}?format=ogg`, undefined, {});
        }
        if (!task || ['completed', 'failed', 'cancelled'].includes(task.status)) break;
        await sleep(500);
      }
    }
  }
}
