import { createHash, randomBytes } from 'node:crypto';
import { atomically, isDiskFull, type Queryable } from '@retone/database';
import { type Account, accountColumns } from './accounts.ts';
import { Audit } from './audit.ts';
import { BillingError, checkedName, unknownAccount } from './errors.ts';

export interface ApiKey {
  /** 32 hex digits; not secret. */
  id: string;
  accountId: string;
  name: string;
  /** The key's first characters, which distinguish keys. */
  prefix: string;
  createdAt: Date;
  /** To the minute; null: never. */
  lastUsedAt: Date | null;
  /** null: it is valid. */
  revokedAt: Date | null;
}

const keyForm = /^rt_[\w-]{43}$/;
const prefixLength = 9;

const keyColumns = `id, account_id AS "accountId", name, prefix, created_at AS "createdAt",
  last_used_at AS "lastUsedAt", revoked_at AS "revokedAt"`;

/** API keys. `by` says who acts, for the audit. */
export class ApiKeys {
  readonly #on: Queryable;

  constructor(on: Queryable) {
    this.#on = on;
  }

  /**
   * Makes a key. `key` is the secret itself, `rt_` and 43 url-safe characters; it is stored nowhere and cannot be shown
   * again.
   *
   * @throws BillingError `unknown-account` or `bad-name`
   */
  async create(accountId: string, name: string, by: string): Promise<ApiKey & { key: string }> {
    const checked = checkedName(name);
    const key = `rt_${randomBytes(32).toString('base64url')}`;
    return atomically(this.#on, async (tx) => {
      const [row] = await tx.query<ApiKey>(
        `INSERT INTO api_keys (account_id, name, hash, prefix)
         SELECT id, $2::text, $3::bytea, $4::text FROM accounts WHERE id = $1
         RETURNING ${keyColumns}`,
        [accountId, checked, hashed(key), key.slice(0, prefixLength)],
      );
      if (!row) unknownAccount(accountId);
      await new Audit(tx).record(by, 'key.create', accountId, { key: row.id, name: checked });
      return { ...row, key };
    });
  }

  /** Keys of one account, or of all, oldest first, revoked ones too. */
  list(accountId?: string): Promise<ApiKey[]> {
    return this.#on.query<ApiKey>(
      `SELECT ${keyColumns} FROM api_keys WHERE $1::text IS NULL OR account_id = $1 ORDER BY created_at, id`,
      [accountId],
    );
  }

  /** Makes a key invalid for good. Revoking it again changes nothing. @throws BillingError `unknown-key` */
  async revoke(id: string, by: string): Promise<void> {
    await atomically(this.#on, async (tx) => {
      const [key] = await tx.query<ApiKey>(`SELECT ${keyColumns} FROM api_keys WHERE id = $1 FOR UPDATE`, [id]);
      if (!key) throw new BillingError('unknown-key', `there is no key "${id}"`);
      if (key.revokedAt) return;
      await tx.query('UPDATE api_keys SET revoked_at = now() WHERE id = $1', [id]);
      await new Audit(tx).record(by, 'key.revoke', key.accountId, { key: id, name: key.name });
    });
  }

  /**
   * The account whose key this is, suspended or not; undefined for a key that is unknown or revoked. Writes at most once a
   * minute.
   */
  async authenticate(key: string): Promise<{ account: Account; keyId: string } | undefined> {
    if (!keyForm.test(key)) return undefined;
    const [row] = await this.#on.query<Account & { keyId: string; stale: boolean }>(
      `SELECT ${accountColumns}, known.id AS "keyId",
         known.last_used_at IS NULL OR known.last_used_at < now() - interval '1 minute' AS stale
       FROM (SELECT * FROM api_keys WHERE hash = $1 AND revoked_at IS NULL) AS known
         JOIN accounts ON accounts.id = known.account_id`,
      [hashed(key)],
    );
    if (!row) return undefined;
    const { keyId, stale, ...account } = row;
    if (stale) await this.#noteUse(keyId);
    return { account, keyId };
  }

  /** A database whose disk is full still lets whoever has a key read. */
  async #noteUse(keyId: string): Promise<void> {
    await this.#on.query('UPDATE api_keys SET last_used_at = now() WHERE id = $1', [keyId]).catch((error) => {
      if (!isDiskFull(error)) throw error;
    });
  }
}

// A plain SHA-256: slow hashes and salts protect secrets that people think of. This one has 256 random bits, which nobody
// can search, and it has to be found by its hash at every request.
function hashed(key: string): Uint8Array {
  return createHash('sha256').update(key).digest();
}
