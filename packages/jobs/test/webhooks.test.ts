import { createHmac } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onEveryDatabase } from '@retone/database/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { deliverWebhooks } from '../src/index.ts';
import { type Machine, Workplace } from './workplace.ts';

const secret = 'whsec_for-tests';

onEveryDatabase((tests) => {
  let place: Workplace;
  let machine: Machine;
  let receiver: Server;
  let url: string;
  let received: { headers: IncomingHttpHeaders; body: string }[];
  /** Statuses of the receiver's responses, in order; the last one repeats. */
  let answers: number[];

  beforeEach(async () => {
    place = await Workplace.open(tests);
    machine = await place.machine({ webhookRetrySeconds: 0.01, pollSeconds: 0.5 });
    received = [];
    receiver = createServer(async (request, response) => {
      let body = '';
      for await (const chunk of request.setEncoding('utf8')) body += chunk;
      received.push({ headers: request.headers, body });
      response.writeHead(answers.length > 1 ? answers.shift()! : answers[0]!).end();
    });
    await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`;
    return () => receiver.close();
  });
  afterEach(() => place.close());

  async function deliver(allowHosts = ['127.0.0.1']): Promise<void> {
    const { database, queue } = machine;
    await deliverWebhooks({
      database,
      queue,
      guard: { allowHosts },
      load: async (id) => {
        const task = (await place.tasks.get(id))!;
        return { task, secret, body: { id, status: task.status } };
      },
    });
  }

  async function endedTask(of?: string, webhookUrl = url): Promise<string> {
    const account = of ?? (await place.account());
    const { id } = await place.submit(machine, account, { webhookUrl });
    await machine.lifecycle.fail(id, { error: 'no', errorCode: 'internal' });
    return id;
  }

  test('a failed delivery is retried with the same event id, and the task shows its state', async () => {
    answers = [503, 500, 204];
    const id = await endedTask();
    expect((await place.tasks.get(id))!.webhook).toMatchObject({ state: 'waiting', attempts: 0, error: '' });
    await deliver();
    const task = await place.when(id, ({ webhook }) => webhook?.state === 'delivered');
    expect(task.webhook).toEqual({ state: 'delivered', attempts: 3, error: '', nextAttemptAt: null });
    expect(received).toHaveLength(3);
    expect(new Set(received.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
    for (const { headers, body } of received) {
      const signed = createHmac('sha256', 'for-tests').update(
        `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`,
      );
      expect(headers['webhook-signature']).toBe(`v3,${signed.digest('hex')}`);
      expect(JSON.parse(body)).toEqual({ id, status: 'failed' });
    }
  });

  test('a failed attempt is in the task, with what was wrong and when the next one is', async () => {
    answers = [404];
    machine = await place.machine({ webhookRetrySeconds: 3600 });
    const id = await endedTask();
    await deliver();
    const { webhook } = await place.when(id, ({ webhook }) => webhook?.attempts === 1);
    expect(webhook).toMatchObject({ state: 'waiting', error: 'the receiver answered 404' });
    const wait = new Date(webhook!.nextAttemptAt!).getTime() - Date.now();
    expect(wait).toBeGreaterThan(3500_000);
    expect(wait).toBeLessThan(3700_000);
  });

  test('a receiver that never answers well is given up', async () => {
    answers = [500];
    machine = await place.machine({ webhookRetrySeconds: 0 });
    const id = await endedTask();
    await deliver();
    const { webhook } = await place.when(id, ({ webhook }) => webhook?.state === 'failed');
    expect(webhook).toEqual({
      state: 'failed',
      attempts: 13,
      error: 'the receiver answered 500',
      nextAttemptAt: null,
    });
  });

  test('slow receivers of one account keep no other account waiting', async () => {
    answers = [204];
    let asked = 0;
    const slow = createServer(() => {
      asked++; // and never answers
    });
    await new Promise<void>((resolve) => slow.listen(0, '127.0.0.1', resolve));
    try {
      const account = await place.account();
      const slowUrl = `http://127.0.0.1:${(slow.address() as AddressInfo).port}/`;
      for (let i = 0; i < 24; i++) await endedTask(account, slowUrl);
      await deliver();
      await expect.poll(() => asked).toBeGreaterThan(0);
      const id = await endedTask();
      await place.when(id, ({ webhook }) => webhook?.state === 'delivered');
      // The slow ones have as many hands as one account may have, and no more.
      expect(asked).toBeLessThanOrEqual(3);
    } finally {
      slow.closeAllConnections();
      slow.close();
    }
  });

  test('nothing is sent to a blocked address, and the task says so', async () => {
    const id = await endedTask();
    await deliver([]);
    const { webhook } = await place.when(id, ({ webhook }) => webhook?.attempts === 1);
    expect(webhook!.error).toMatch(/127\.0\.0\.1/);
    expect(received).toEqual([]);
  });
});
