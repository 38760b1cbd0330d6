import type { Queryable } from '@retone/database';
import { defaultLimit, type Page } from './paging.ts';

export type AuditAction =
  | 'account.create'
  | 'account.suspend'
  | 'account.resume'
  | 'account.limit'
  | 'account.credit'
  | 'webhook-secret.rotate'
  | 'key.create'
  | 'key.revoke';

export interface AuditEntry {
  id: number;
  /** Who did it, in the words of whoever called: `command line`, `first start`, `key 3f2a...`. */
  actor: string;
  action: AuditAction;
  accountId: string;
  /** Details; never a secret. */
  details: Record<string, unknown>;
  createdAt: Date;
}

/** Channel on which the id of an account is sent when it, a key of it or its credit was changed by somebody. */
export const accountChannel = 'retone_accounts';

/** Who did what to accounts, keys and credit. Append-only. */
export class Audit {
  readonly #on: Queryable;

  constructor(on: Queryable) {
    this.#on = on;
  }

  /** Writes an entry; to be called in the transaction of the action that it records. */
  async record(
    actor: string,
    action: AuditAction,
    accountId: string,
    details: Record<string, unknown> = {},
  ): Promise<void> {
    await this.#on.query(
      `WITH entry AS (INSERT INTO audit_entries (actor, action, account_id, details) VALUES ($1, $2, $3, $4))
       SELECT pg_notify('${accountChannel}', $3)`,
      [actor, action, accountId, details],
    );
  }

  /** Entries of one account, or of all. */
  entries(accountId?: string, { before, limit = defaultLimit }: Page = {}): Promise<AuditEntry[]> {
    return this.#on.query<AuditEntry>(
      `SELECT id, actor, action, account_id AS "accountId", details, created_at AS "createdAt"
       FROM audit_entries
       WHERE ($1::text IS NULL OR account_id = $1) AND ($2::bigint IS NULL OR id < $2)
       ORDER BY id DESC LIMIT $3`,
      [accountId, before, limit],
    );
  }
}
