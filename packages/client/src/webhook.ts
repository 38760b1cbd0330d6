/** Longest age of a webhook in seconds; older ones may be replayed by somebody else. */
const longestAge = 300;

/**
 * Checks that a webhook was sent by the service and is not older than 300 s.
 *
 * @param secret of the account, `whsec_...`
 * @param headers of the request
 * @param body of the request, as it arrived: not parsed and written again
 * @returns whether it is genuine
 */
export async function verifyWebhook(
  secret: string,
  headers: Headers | Record<string, string | string[] | undefined>,
  body: string | Uint8Array<ArrayBuffer>,
  now = new Date(),
): Promise<boolean> {
  const given = new Headers(headers as Record<string, string>);
  const [id, sentAt, signature] = ['id', 'timestamp', 'signature'].map((name) => given.get(`webhook-${name}`) ?? '');
  const age = now.getTime() / 1000 - Number(sentAt);
  if (!id || !/^\d+$/.test(sentAt!) || Math.abs(age) > longestAge) return false;
  const [, hex] = /^v3,([0-9a-f]{64})$/.exec(signature!) ?? [];
  if (hex === undefined) return false;
  const encoder = new TextEncoder();
  const name = { name: 'HMAC', hash: 'SHA-256' };
  const keyBytes = encoder.encode(secret.replace(/^whsec_/, ''));
  const key = await crypto.subtle.importKey('raw', keyBytes, name, false, ['verify']);
  const start = encoder.encode(`${id}.${sentAt}.`);
  const rest = typeof body === 'string' ? encoder.encode(body) : body;
  const signed = new Uint8Array(start.length + rest.length);
  signed.set(start);
  signed.set(rest, start.length);
  const bytes = Uint8Array.from(hex.match(/../g)!, (byte) => Number.parseInt(byte, 16));
  return crypto.subtle.verify('HMAC', key, bytes, signed);
}
