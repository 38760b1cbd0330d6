import { atomically, type Queryable } from '@retone/database';
import { Audit } from './audit.ts';
import { BillingError, unknownAccount } from './errors.ts';
import { InsufficientCredit } from './insufficient-credit.ts';
import { defaultLimit, type Page } from './paging.ts';

export interface LedgerEntry {
  id: number;
  accountId: string;
  /** null for credit. */
  taskId: string | null;
  kind: 'credit' | 'hold' | 'release' | 'charge';
  /** Micro-dollars, signed: the balance is the sum. */
  amount: number;
  note: string | null;
  createdAt: Date;
}

/** Credit that waits for the end of a task. */
export interface OpenHold {
  accountId: string;
  taskId: string;
  /** Micro-dollars. */
  price: number;
  createdAt: Date;
}

/** The item that a price is for, as bills show it. */
export interface PaidFor {
  /** Public model id. */
  model?: string | undefined;
  keyId?: string | undefined;
}

/** How a task stands in the ledger: `unheld` was never held, because billing was off. */
export type Standing = 'unheld' | 'held' | 'charged' | 'released';

export interface LedgerOptions {
  /** 'off': nothing is held, and so nothing is charged. Holds made before it was turned off still end properly. */
  billing?: 'on' | 'off' | undefined;
}

/**
 * The money: an append-only list of integer micro-dollars whose sum is an account's balance.
 *
 * A task's price is held when it is submitted (hold, negative). Its end releases the hold (release, positive), and at
 * completion charges it in the same statement (charge, negative). Each kind exists at most once per task, so every step may
 * be repeated after a crash, and whichever end is first is the only one: the release that both begin with decides.
 */
export class Ledger {
  readonly #on: Queryable;
  readonly #billing: 'on' | 'off';

  constructor(on: Queryable, { billing = 'on' }: LedgerOptions = {}) {
    this.#on = on;
    this.#billing = billing;
  }

  /**
   * Gives credit; a negative amount takes it back.
   *
   * @param amount micro-dollars, not 0
   * @param by who acts, for the audit
   * @throws BillingError `unknown-account` or `bad-amount`
   */
  async credit(accountId: string, amount: number, by: string, note?: string): Promise<void> {
    checkAmount(amount);
    if (amount === 0) throw new BillingError('bad-amount', 'a credit of $0 changes nothing');
    return atomically(this.#on, async (tx) => {
      const rows = await tx.query(
        `INSERT INTO ledger_entries (account_id, kind, amount, note)
         SELECT id, 'credit', $2::bigint, $3::text FROM accounts WHERE id = $1 RETURNING id`,
        [accountId, amount, note],
      );
      if (rows.length === 0) unknownAccount(accountId);
      await new Audit(tx).record(by, 'account.credit', accountId, { amount, note });
    });
  }

  /**
   * Holds a task's price. A task is held once; holding it again changes nothing.
   *
   * @param price micro-dollars
   * @throws InsufficientCredit when the balance is less than the price
   * @throws BillingError `unknown-account` or `bad-amount`
   */
  async hold(accountId: string, taskId: string, price: number, { model, keyId }: PaidFor = {}): Promise<void> {
    if (this.#billing === 'off') return;
    checkAmount(price);
    if (price < 0) throw new BillingError('bad-amount', `a price is not negative, and ${price} is`);
    // The row of the balance makes holds of one account take turns, so that none sees a balance that another is about to
    // lower. In a transaction this comes last, since others of the account wait from here on.
    const held = await this.#on.query(
      `WITH funds AS (SELECT account_id FROM balances WHERE account_id = $1 AND balance >= $3::bigint FOR UPDATE)
       INSERT INTO ledger_entries (account_id, task_id, kind, amount, model, key_id)
       SELECT account_id, $2::text, 'hold', -$3::bigint, $4::text, $5::text FROM funds
       ON CONFLICT (task_id, kind) WHERE task_id IS NOT NULL DO NOTHING RETURNING id`,
      [accountId, taskId, price, model, keyId],
    );
    if (held.length > 0 || (await standing(this.#on, taskId)) !== 'unheld') return;
    const [known] = await this.#on.query<{ balance: number }>('SELECT balance FROM balances WHERE account_id = $1', [
      accountId,
    ]);
    if (!known) unknownAccount(accountId);
    throw new InsufficientCredit(known.balance, price);
  }

  /**
   * Charges a completed task the price that was held. Charging it again changes nothing, and neither does charging a task
   * that was released.
   *
   * @returns how the task stands now
   */
  charge(taskId: string): Promise<Standing> {
    return this.#end(taskId, 'charge');
  }

  /**
   * Gives back what was held for a task that failed or was cancelled. Releasing it again changes nothing, and neither does
   * releasing a task that was charged.
   *
   * @returns how the task stands now
   */
  release(taskId: string): Promise<Standing> {
    return this.#end(taskId, 'release');
  }

  async #end(taskId: string, end: 'charge' | 'release'): Promise<Standing> {
    // One statement, so that no crash comes between its parts. Where another process ends the task at the same moment, the
    // insert waits for it and then does nothing.
    await this.#on.query(
      `WITH released AS (
         INSERT INTO ledger_entries (account_id, task_id, kind, amount, model, key_id)
         SELECT account_id, task_id, 'release', -amount, model, key_id FROM ledger_entries WHERE task_id = $1 AND kind = 'hold'
         ON CONFLICT (task_id, kind) WHERE task_id IS NOT NULL DO NOTHING
         RETURNING account_id, task_id, amount, model, key_id
       )
       INSERT INTO ledger_entries (account_id, task_id, kind, amount, model, key_id)
       SELECT account_id, task_id, 'charge', -amount, model, key_id FROM released WHERE $2 = 'charge'`,
      [taskId, end],
    );
    return standing(this.#on, taskId);
  }

  /** How a task stands in the ledger. */
  standing(taskId: string): Promise<Standing> {
    return standing(this.#on, taskId);
  }

  /** An account's balance in micro-dollars, without what is held; 0 for an unknown account. */
  balance(accountId: string): Promise<number> {
    return balanceOf(this.#on, accountId);
  }

  /** An account's entries, newest first. */
  entries(accountId: string, { before, limit = defaultLimit }: Page = {}): Promise<LedgerEntry[]> {
    return this.#on.query<LedgerEntry>(
      `SELECT id, account_id AS "accountId", task_id AS "taskId", kind, amount, note, created_at AS "createdAt"
       FROM ledger_entries
       WHERE account_id = $1 AND ($2::bigint IS NULL OR id < $2)
       ORDER BY id DESC LIMIT $3`,
      [accountId, before, limit],
    );
  }

  /** Accounts whose balance is not the sum of their entries: none, unless somebody has changed the tables by hand. */
  wrongBalances(): Promise<{ accountId: string; balance: number; sum: number }[]> {
    return this.#on.query(
      `SELECT account_id AS "accountId", balance, sum FROM (
         SELECT account_id, balance,
           coalesce((SELECT sum(amount) FROM ledger_entries WHERE account_id = balances.account_id), 0)::bigint AS sum
         FROM balances
       ) AS both_sums WHERE balance <> sum`,
    );
  }

  /** Holds that were neither charged nor released, oldest first. */
  openHolds(): Promise<OpenHold[]> {
    return this.#on.query<OpenHold>(
      `SELECT account_id AS "accountId", task_id AS "taskId", -amount AS price, created_at AS "createdAt"
       FROM ledger_entries hold
       WHERE kind = 'hold'
         AND NOT EXISTS (SELECT FROM ledger_entries WHERE task_id = hold.task_id AND kind = 'release')
       ORDER BY id`,
    );
  }
}

async function balanceOf(on: Queryable, accountId: string): Promise<number> {
  const [row] = await on.query<{ balance: number }>('SELECT balance FROM balances WHERE account_id = $1', [accountId]);
  return row?.balance ?? 0;
}

async function standing(on: Queryable, taskId: string): Promise<Standing> {
  const rows = await on.query<{ kind: LedgerEntry['kind'] }>('SELECT kind FROM ledger_entries WHERE task_id = $1', [
    taskId,
  ]);
  const kinds = new Set(rows.map(({ kind }) => kind));
  if (kinds.has('charge')) return 'charged';
  if (kinds.has('release')) return 'released';
  return kinds.has('hold') ? 'held' : 'unheld';
}

function checkAmount(amount: number): void {
  if (Number.isSafeInteger(amount)) return;
  throw new BillingError('bad-amount', `an amount is a whole number of micro-dollars, and ${amount} is not`);
}
