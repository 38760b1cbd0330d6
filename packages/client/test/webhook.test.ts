import { createHmac } from 'node:crypto';
import { expect, test } from 'vitest';
import { verifyWebhook } from '../src/index.ts';

const body = '{"id":"6f1d","status":"completed"}';
const sentAt = 1_795_000_000;
const now = new Date(sentAt * 1000);

function signed(secret: string, over = `evt.${sentAt}.${body}`) {
  const hex = createHmac('sha256', secret).update(over).digest('hex');
  return { 'webhook-id': 'evt', 'webhook-timestamp': String(sentAt), 'webhook-signature': `v3,${hex}` };
}

test('takes what the service signed, as text, bytes and Headers', async () => {
  const headers = signed('abc');
  expect(await verifyWebhook('whsec_abc', headers, body, now)).toBe(true);
  expect(await verifyWebhook('abc', new Headers(headers), new TextEncoder().encode(body), now)).toBe(true);
});

test.each([
  ['another secret', 'whsec_abd', signed('abc'), body, now],
  ['another body', 'whsec_abc', signed('abc'), body.replace('completed', 'failed'), now],
  ['another id', 'whsec_abc', { ...signed('abc'), 'webhook-id': 'evt2' }, body, now],
  ['another time', 'whsec_abc', { ...signed('abc'), 'webhook-timestamp': String(sentAt + 1) }, body, now],
  ['a signature of another version', 'whsec_abc', { ...signed('abc'), 'webhook-signature': 'v1,00' }, body, now],
  ['an old one', 'whsec_abc', signed('abc'), body, new Date((sentAt + 301) * 1000)],
  ['no headers', 'whsec_abc', {}, body, now],
])('refuses %s', async (_name, secret, headers, text, at) => {
  expect(await verifyWebhook(secret, headers, text, at)).toBe(false);
});
