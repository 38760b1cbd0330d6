import { createStore, del, get, promisifyRequest, set, type UseStore, update } from 'idb-keyval';

// What the page keeps in this browser: records and recordings in IndexedDB, each under a key of its own, so that two tabs
// change different things without overwriting each other. A browser without IndexedDB (private windows) forgets them.

let opened: UseStore | undefined;
const store = () => {
  opened ??= createStore('retone', 'bench');
  return opened;
};

type Kind = 'source' | 'run' | 'facts' | 'blob';
const keyOf = (kind: Kind, id: string) => `${kind}:${id}`;

/** All records of a kind. */
export function readAll<Value>(kind: Kind): Promise<Value[]> {
  const range = IDBKeyRange.bound(`${kind}:`, `${kind}:\uffff`);
  return attempt(() => store()('readonly', (records) => promisifyRequest(records.getAll(range))), []);
}

export const read = <Value>(kind: Kind, id: string): Promise<Value | undefined> =>
  attempt(() => get<Value>(keyOf(kind, id), store()), undefined);

export const write = (kind: Kind, id: string, value: unknown): Promise<void> =>
  attempt(() => set(keyOf(kind, id), value, store()), undefined);

/** Changes fields of a record in one transaction: fields that another tab has changed meanwhile stay. */
export const patch = <Value extends object>(kind: Kind, id: string, change: Partial<Value>): Promise<void> =>
  attempt(() => update<Value>(keyOf(kind, id), (old) => ({ ...old, ...change }) as Value, store()), undefined);

export const erase = (kind: Kind, id: string): Promise<void> => attempt(() => del(keyOf(kind, id), store()), undefined);

async function attempt<Value>(work: () => Promise<Value>, otherwise: Value): Promise<Value> {
  try {
    return await work();
  } catch {
    return otherwise;
  }
}
