import type { ApiKeys } from '@retone/billing';

type Known = NonNullable<Awaited<ReturnType<ApiKeys['authenticate']>>>;

/** Milliseconds after which a key is looked up again; a change of the account is noticed at once, unless its news is lost. */
const trust = 5_000;
/** Milliseconds for which a key that does not exist is not looked up again. */
const distrust = 30_000;
/** Keys that are remembered, of each kind. */
const mostKeys = 20_000;
/** Keys never seen that are looked up at once: a client that tries keys out cannot keep the database busy. */
const lookupsAtOnce = 2;

/**
 * Keys as the database knows them, remembered for a moment. A key that was valid lately is looked up at once when that moment is
 * over; others wait in a line of their own.
 */
export class KnownKeys {
  readonly #keys: ApiKeys;
  readonly #known = new Map<string, { known: Known; until: number }>();
  readonly #unknown = new Map<string, number>();
  readonly #asking = new Map<string, Promise<Known | undefined>>();
  readonly #waiting: (() => void)[] = [];
  #lookups = 0;

  constructor(keys: ApiKeys) {
    this.#keys = keys;
  }

  /** The account whose key this is; undefined for a key that is unknown or revoked. */
  async authenticate(key: string): Promise<Known | undefined> {
    const now = performance.now();
    const remembered = this.#known.get(key);
    if (remembered && remembered.until > now) return remembered.known;
    if ((this.#unknown.get(key) ?? 0) > now) return undefined;
    const asking = this.#asking.get(key) ?? this.#ask(key, remembered !== undefined);
    this.#asking.set(key, asking);
    try {
      return await asking;
    } finally {
      this.#asking.delete(key);
    }
  }

  /** Has an account's keys looked up again. */
  forget(accountId: string): void {
    for (const entry of this.#known.values()) if (entry.known.account.id === accountId) entry.until = 0;
    // A key that was tried before it was made.
    this.#unknown.clear();
  }

  async #ask(key: string, wasValid: boolean): Promise<Known | undefined> {
    if (!wasValid) await this.#turn();
    try {
      const known = await this.#keys.authenticate(key);
      if (known) remember(this.#known, key, { known, until: performance.now() + trust });
      else {
        this.#known.delete(key);
        remember(this.#unknown, key, performance.now() + distrust);
      }
      return known;
    } finally {
      if (!wasValid) this.#pass();
    }
  }

  async #turn(): Promise<void> {
    if (this.#lookups >= lookupsAtOnce) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#lookups++;
  }

  /** A finished lookup hands its place to the next one. */
  #pass(): void {
    const next = this.#waiting.shift();
    if (next) next();
    else this.#lookups--;
  }
}

/** Remembers, and forgets the oldest when there are too many. */
function remember<Value>(map: Map<string, Value>, key: string, value: Value): void {
  map.delete(key);
  map.set(key, value);
  if (map.size > mostKeys) map.delete(map.keys().next().value!);
}
