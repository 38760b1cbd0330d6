import { randomBytes } from 'node:crypto';
import { atomically, type Queryable } from '@retone/database';
import { Audit, type AuditAction } from './audit.ts';
import { BillingError, checkedName, unknownAccount } from './errors.ts';

/** Limits of an account; null is the server's default. */
export interface AccountLimits {
  requestsPerMinute: number | null;
  /** Tasks that run at the same time; more of them wait. */
  concurrentTasks: number | null;
}

export interface Account extends AccountLimits {
  /** 32 hex digits. */
  id: string;
  name: string;
  /** A suspended account's keys are known, but may do nothing. */
  status: 'active' | 'suspended';
  createdAt: Date;
}

/** The columns of an Account. The webhook secret is not among them, so that no log gets it by the way. */
export const accountColumns = `accounts.id, accounts.name, accounts.status, accounts.created_at AS "createdAt",
  accounts.requests_per_minute AS "requestsPerMinute", accounts.concurrent_tasks AS "concurrentTasks"`;

/** The accounts that own keys, credit and tasks. `by` says who acts, for the audit. */
export class Accounts {
  readonly #on: Queryable;

  constructor(on: Queryable) {
    this.#on = on;
  }

  /** @throws BillingError `bad-name` */
  async create(name: string, by: string): Promise<Account> {
    const checked = checkedName(name);
    return atomically(this.#on, async (tx) => {
      const [account] = await tx.query<Account>(
        `INSERT INTO accounts (name, webhook_secret) VALUES ($1, $2) RETURNING ${accountColumns}`,
        [checked, newWebhookSecret()],
      );
      await new Audit(tx).record(by, 'account.create', account!.id, { name: checked });
      return account!;
    });
  }

  async get(id: string): Promise<Account | undefined> {
    const [account] = await this.#on.query<Account>(`SELECT ${accountColumns} FROM accounts WHERE id = $1`, [id]);
    return account;
  }

  /** All accounts, oldest first. */
  list(): Promise<Account[]> {
    return this.#on.query<Account>(`SELECT ${accountColumns} FROM accounts ORDER BY created_at, id`);
  }

  /** Its keys answer no more until it is resumed. @throws BillingError `unknown-account` */
  suspend(id: string, by: string): Promise<Account> {
    return this.#change(id, { status: 'suspended' }, by, 'account.suspend');
  }

  /** @throws BillingError `unknown-account` */
  resume(id: string, by: string): Promise<Account> {
    return this.#change(id, { status: 'active' }, by, 'account.resume');
  }

  /** @throws BillingError `unknown-account` or `bad-limit` */
  async setLimits(id: string, limits: AccountLimits, by: string): Promise<Account> {
    for (const limit of Object.values(limits) as (number | null)[]) checkLimit(limit);
    const { requestsPerMinute, concurrentTasks } = limits;
    const columns = { requests_per_minute: requestsPerMinute, concurrent_tasks: concurrentTasks };
    return this.#change(id, columns, by, 'account.limit', { requestsPerMinute, concurrentTasks });
  }

  /** The secret that signs the account's webhooks, `whsec_...`. @throws BillingError `unknown-account` */
  async webhookSecret(id: string): Promise<string> {
    const [row] = await this.#on.query<{ secret: string }>(
      'SELECT webhook_secret AS secret FROM accounts WHERE id = $1',
      [id],
    );
    return row?.secret ?? unknownAccount(id);
  }

  /** Replaces the webhook secret at once, and answers with the new one. @throws BillingError `unknown-account` */
  async rotateWebhookSecret(id: string, by: string): Promise<string> {
    const secret = newWebhookSecret();
    await this.#change(id, { webhook_secret: secret }, by, 'webhook-secret.rotate');
    return secret;
  }

  #change(
    id: string,
    columns: Record<string, unknown>,
    by: string,
    action: AuditAction,
    details?: Record<string, unknown>,
  ): Promise<Account> {
    const assignments = Object.keys(columns).map((column, index) => `${column} = $${index + 2}`);
    return atomically(this.#on, async (tx) => {
      const [account] = await tx.query<Account>(
        `UPDATE accounts SET ${assignments.join(', ')} WHERE id = $1 RETURNING ${accountColumns}`,
        [id, ...Object.values(columns)],
      );
      if (!account) unknownAccount(id);
      await new Audit(tx).record(by, action, id, details);
      return account;
    });
  }
}

function newWebhookSecret(): string {
  return `whsec_${randomBytes(32).toString('base64url')}`;
}

function checkLimit(limit: number | null): void {
  if (limit === null || (Number.isInteger(limit) && limit >= 1 && limit < 2 ** 31)) return;
  throw new BillingError('bad-limit', `a limit is a whole number from 1, or none, and ${limit} is neither`);
}
