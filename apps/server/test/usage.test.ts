import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Running, startService } from './service.ts';
import { StubEngine } from './stub-engine.ts';

// Bills and usage, as newer clients ask for them, against what the ledger has.

let running: Running;
let call: Running['call'];
let keyId: string;
const ids: Record<string, string> = {};
const root = 'stability-ai/stable-audio-3';
beforeAll(async () => {
  running = await startService({ engine: new StubEngine() });
  ({ call, keyId } = await running.newAccount(10));
  for (const [name, model, prompt] of [
    ['good', 'music', 'x'],
    ['other', 'text-to-audio', 'x'],
    ['failed', 'music', 'refuse'],
  ] as const) {
    const { body } = await call('POST', `/api/v3/${root}/${model}`, { prompt, enable_sync_mode: true });
    ids[name] = body.data.id;
  }
});
afterAll(() => running.close());

const search = async (body: object) => (await call('POST', '/api/v3/billings/search', body)).body.data;

test('each submission is deducted, and one that failed is refunded', async () => {
  const { items, total, has_more } = await search({});
  expect([total, has_more]).toEqual([4, false]);
  const rows = items.map((item: { billing_type: string; price: number; prediction: { uuid: string } }) => [
    item.billing_type,
    item.price,
    item.prediction.uuid,
  ]);
  expect(rows).toEqual([
    ['refund', 0.0217, ids.failed],
    ['deduct', 0.0217, ids.failed],
    ['deduct', 0.0206, ids.other],
    ['deduct', 0.0217, ids.good],
  ]);
  expect(items[3]).toMatchObject({
    access_key_id: keyId,
    access_key_name: 'test',
    order: { price: 0.0217, origin_price: 0.0217, ak_id: keyId },
    prediction: { model_uuid: `${root}/music`, status: 'completed' },
  });
});

test('bills are searched by type, task, model, key and time, and come in pages', async () => {
  const found = async (body: object) =>
    (await search(body)).items.map((item: { prediction: { uuid: string } }) => item.prediction.uuid);
  expect(await found({ billing_type: 'refund' })).toEqual([ids.failed]);
  expect(await found({ billing_type: 'deduct', sort: 'created_at asc' })).toEqual([ids.good, ids.other, ids.failed]);
  expect(await found({ prediction_uuids: [ids.other, 'x'] })).toEqual([ids.other]);
  expect(await found({ model_uuid: `${root}/text-to-audio` })).toEqual([ids.other]);
  expect(await found({ access_key_uuid: keyId, page_size: 1, page: 3 })).toEqual([ids.other]);
  expect(await found({ access_key_uuid: 'another' })).toEqual([]);
  for (const [start, end] of [
    [Date.now() - 3600_000, Date.now() + 3600_000],
    [new Date(Date.now() - 3600_000).toISOString(), new Date(Date.now() + 3600_000).toISOString()],
  ]) {
    expect(await found({ start_time: start, end_time: end })).toHaveLength(4);
    expect(await found({ start_time: end })).toEqual([]);
    expect(await found({ end_time: start })).toEqual([]);
  }
  expect(await search({ page_size: 3 })).toMatchObject({ has_more: true, total: 4 });
  for (const wrong of [
    { page: 0 },
    { page_size: 101 },
    { billing_type: 'gift' },
    { start_time: 'yesterday' },
    { end_time: {} },
  ])
    expect((await call('POST', '/api/v3/billings/search', wrong)).status).toBe(400);
});

test('usage counts what was asked for and what was charged', async () => {
  const today = new Date().toISOString().slice(0, 10);
  const { data } = (await call('POST', '/api/v3/user/usage_stats?per_model_usage=true', {})).body;
  expect(data.summary).toEqual({ total_cost: 0.0423, total_requests: 3, success_requests: 2 });
  expect(data.daily_usage.reduce((sum: number, { count }: { count: number }) => sum + count, 0)).toBe(3);
  expect(data.per_model_usage).toEqual([
    { model_uuid: `${root}/music`, amount: 0.0217, count: 2 },
    { model_uuid: `${root}/text-to-audio`, amount: 0.0206, count: 1 },
  ]);
  const one = await call('POST', '/api/v3/user/usage_stats', { model_uuid: `${root}/music`, start_time: '2000-01-01' });
  expect(one.body.data.summary).toMatchObject({ total_requests: 2, total_cost: 0.0217 });

  const usage = (await call('GET', `/api/v3/account/usage?start_date=2000-01-01&end_date=${today}`)).body.data;
  expect(usage).toMatchObject({ total_requests: 3, total_cost: 0.0423 });
  expect(usage.by_model).toContainEqual({ model: `${root}/music`, requests: 2, cost: 0.0217 });
});

test('bills stay when their tasks are deleted, and no account sees those of another', async () => {
  await call('POST', '/api/v3/predictions/delete', { ids: [ids.good] });
  const { items } = await search({ prediction_uuids: [ids.good] });
  expect(items).toMatchObject([{ prediction: { status: 'deleted', model_uuid: `${root}/music` } }]);
  const other = await running.newAccount();
  const theirs = await other.call('POST', '/api/v3/billings/search', { prediction_uuids: Object.values(ids) });
  expect(theirs.body.data).toMatchObject({ total: 0, items: [] });
});
