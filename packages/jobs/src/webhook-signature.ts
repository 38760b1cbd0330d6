import { createHmac } from 'node:crypto';

/** Headers that prove to a receiver who sent a webhook, and when (the contract, "Webhooks"). */
export interface WebhookHeaders {
  'webhook-id': string;
  'webhook-timestamp': string;
  'webhook-signature': string;
  'content-type': 'application/json';
}

const secretPrefix = 'whsec_';

/**
 * Signs the body of a webhook: HMAC-SHA256 over `{id}.{seconds}.{body}`, keyed with the secret's text after `whsec_`, as
 * `v3,<hex>`.
 *
 * @param eventId unique for the event, the same over its retries
 * @param sentAt when it is sent; receivers refuse what is older than 300 s
 */
export function signWebhook(secret: string, eventId: string, sentAt: Date, body: string): WebhookHeaders {
  const timestamp = String(Math.floor(sentAt.getTime() / 1000));
  const key = secret.startsWith(secretPrefix) ? secret.slice(secretPrefix.length) : secret;
  const digest = createHmac('sha256', key).update(`${eventId}.${timestamp}.${body}`).digest('hex');
  return {
    'webhook-id': eventId,
    'webhook-timestamp': timestamp,
    'webhook-signature': `v3,${digest}`,
    'content-type': 'application/json',
  };
}
