import { timingSafeEqual } from 'node:crypto';

/** Whether two secrets are the same, in constant time. */
export function isEqual(given: string, wanted: string): boolean {
  const [one, other] = [Buffer.from(given), Buffer.from(wanted)];
  return one.length === other.length && timingSafeEqual(one, other);
}
