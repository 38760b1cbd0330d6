/** A record whose values are changed one by one. */
export function mapValues<Key extends string, From, To>(
  record: Record<Key, From>,
  change: (value: From, key: Key) => To,
): Record<Key, To> {
  const entries = Object.entries<From>(record) as [Key, From][];
  return Object.fromEntries(entries.map(([key, value]) => [key, change(value, key)])) as Record<Key, To>;
}

/** A record of promises as a promise of a record. */
export async function settled<Key extends string, Item>(
  record: Record<Key, Promise<Item>>,
): Promise<Record<Key, Item>> {
  const entries = Object.entries<Promise<Item>>(record) as [Key, Promise<Item>][];
  const values = await Promise.all(entries.map(async ([key, value]) => [key, await value] as const));
  return Object.fromEntries(values) as Record<Key, Item>;
}
