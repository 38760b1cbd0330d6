import { Audit } from '@retone/billing';
import { describe, expect, test } from 'vitest';
import { refusal, running } from './endpoint-service.ts';
import type { Running } from './service.ts';

// The catalogue, the account and its keys.

describe('the catalogue', () => {
  test('lists the five models with prices and schemas', async () => {
    const { body } = await running.call('GET', '/api/v3/models');
    const prices = Object.fromEntries(
      body.data.map((each: { model_id: string; base_price: number }) => [each.model_id, each.base_price]),
    );
    expect(prices).toEqual({
      'stability-ai/stable-audio-3/audio-to-audio': 0.024,
      'stability-ai/stable-audio-3/text-to-audio': 0.0206,
      'stability-ai/stable-audio-3/music': 0.0217,
      'stability-ai/stable-audio-3/audio-inpainting': 0.0442,
      'stability-ai/stable-audio-3/audio-outpainting': 0.0446,
    });
    for (const entry of body.data) {
      expect(entry).toMatchObject({
        name: expect.any(String),
        description: expect.any(String),
        type: entry.model_id.includes('/audio-') ? 'audio-to-audio' : 'text-to-audio',
        formula: '{"total_price": base_price}',
      });
      const schema = entry.api_schema.api_schemas[0].request_schema;
      expect(schema).not.toHaveProperty('$schema');
      expect(schema.type).toBe('object');
      expect(Object.keys(schema.properties).sort()).toEqual([...schema['x-order-properties']].sort());
      const required = entry.type === 'audio-to-audio' ? ['audio', 'prompt'] : ['prompt'];
      expect([...schema.required].sort()).toEqual(required);
    }
  });

  test('quotes prices and charges nothing', async () => {
    const { call, id } = await running.newAccount(1);
    const model_id = 'stability-ai/stable-audio-3/audio-inpainting';
    const price = await call('POST', '/api/v3/model/price', { model_id, inputs: { prompt: 'x' } });
    expect(price.body.data).toEqual({
      model_id,
      price: 0.0442,
      discounted_price: 0.0442,
      discount_rate: 0,
      currency: 'USD',
    });
    const pricing = await call('POST', '/api/v3/model/pricing', { model_id, inputs: {} });
    expect(pricing.body.data).toEqual({ model_id, unit_price: 0.0442, currency: 'USD' });
    expect(await running.service.ledger.balance(id)).toBe(1e6);
  });

  test.each(['price', 'pricing'])('/model/%s refuses a model that is not there', async (path) => {
    const unknown = await running.call('POST', `/api/v3/model/${path}`, { model_id: 'a/b' });
    expect(unknown).toMatchObject({ status: 404, body: refusal(404, 'unknown_model') });
    expect((await running.call('POST', `/api/v3/model/${path}`, {})).status).toBe(400);
    expect((await running.call('POST', `/api/v3/model/${path}`)).status).toBe(400);
  });
});

describe('the account', () => {
  test.each(['/balance', '/account/balance'])('has its balance at %s', async (path) => {
    const { call } = await running.newAccount(2.5);
    const { body } = await call('GET', `/api/v3${path}`);
    expect(body.data).toEqual({ balance: 2.5, currency: 'USD' });
  });

  test('has its own webhook secret', async () => {
    const { call } = await running.newAccount();
    const secret = async (of: Running['call']) => (await of('GET', '/api/v3/webhook/secret')).body.data.secret;
    expect(await secret(call)).toMatch(/^whsec_[\w-]{32,}$/);
    expect(await secret(call)).not.toBe(await secret(running.call));
  });
});

describe('keys', () => {
  test('are made, listed and revoked by whoever has one, which the audit log records', async () => {
    const { call, id, keyId } = await running.newAccount();
    const made = await call('POST', '/api/v3/keys', { name: ' laptop ' });
    expect(made.body.data).toEqual({
      id: expect.any(String),
      name: 'laptop',
      key: expect.stringMatching(/^rt_[\w-]{43}$/),
    });
    const headers = { authorization: `Bearer ${made.body.data.key}` };
    expect((await fetch(`${running.url}/api/v3/balance`, { headers })).status).toBe(200);

    const listed = (await call('GET', '/api/v3/keys')).body.data;
    expect(listed).toHaveLength(2);
    expect(listed[0]).toMatchObject({ id: keyId, current: true, revoked_at: null });
    expect(listed[1]).toMatchObject({ name: 'laptop', current: false, prefix: made.body.data.key.slice(0, 9) });
    expect(JSON.stringify(listed)).not.toContain(made.body.data.key);

    const revoked = await call('DELETE', `/api/v3/keys/${made.body.data.id}`);
    expect(revoked.body.data).toEqual({ id: made.body.data.id, status: 'revoked' });
    expect((await fetch(`${running.url}/api/v3/balance`, { headers })).status).toBe(401);
    const actors = await new Audit(running.service.database).entries(id);
    const own = actors.filter(({ actor }) => actor === `key ${keyId}`).map(({ action }) => action);
    expect(own.toSorted()).toEqual(['key.create', 'key.revoke']);
  });

  test("of another account's cannot be seen or revoked", async () => {
    const { keyId, call } = await running.newAccount();
    const answer = await running.call('DELETE', `/api/v3/keys/${keyId}`);
    expect(answer).toMatchObject({ status: 404, body: refusal(404, 'key_not_found') });
    expect((await call('GET', '/api/v3/balance')).status).toBe(200);
  });

  test.each([
    {},
    { name: '' },
    { name: ' ' },
    { name: 5 },
    { name: 'a\nb' },
    { name: 'x'.repeat(101) },
    { title: 'x' },
  ])('are not made from %j', async (body) => {
    expect((await running.call('POST', '/api/v3/keys', body)).status).toBe(400);
  });
});

test('the webhook secret is replaced on demand, which the audit log records', async () => {
  const { call, id } = await running.newAccount();
  const before = (await call('GET', '/api/v3/webhook/secret')).body.data.secret;
  const { status, body } = await call('POST', '/api/v3/webhook/secret/rotate');
  expect(status).toBe(200);
  expect(body.data.secret).toMatch(/^whsec_[\w-]{43}$/);
  expect(body.data.secret).not.toBe(before);
  expect((await call('GET', '/api/v3/webhook/secret')).body.data).toEqual(body.data);
  const entries = await new Audit(running.service.database).entries(id);
  expect(entries.map(({ action }) => action)).toContain('webhook-secret.rotate');
});
