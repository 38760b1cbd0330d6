import type { Migration } from '@retone/database';

/** The tables of accounts, keys, ledger and audit. */
export const billingMigrations: readonly Migration[] = [
  {
    name: 'billing-1-accounts',
    sql: `
      CREATE TABLE accounts (
        id text PRIMARY KEY DEFAULT replace(gen_random_uuid()::text, '-', ''),
        name text NOT NULL,
        status text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'suspended')),
        -- Plain, not hashed: webhooks are signed with it.
        webhook_secret text NOT NULL,
        -- NULL: the server's default.
        requests_per_minute integer CHECK (requests_per_minute > 0),
        concurrent_tasks integer CHECK (concurrent_tasks > 0),
        created_at timestamptz NOT NULL DEFAULT now()
      );

      CREATE TABLE api_keys (
        id text PRIMARY KEY DEFAULT replace(gen_random_uuid()::text, '-', ''),
        account_id text NOT NULL REFERENCES accounts,
        name text NOT NULL,
        hash bytea NOT NULL UNIQUE CHECK (octet_length(hash) = 32),
        -- The key's first characters, to tell keys apart by.
        prefix text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        last_used_at timestamptz,
        revoked_at timestamptz
      );
      CREATE INDEX api_keys_by_account ON api_keys (account_id);`,
  },
  {
    name: 'billing-2-ledger',
    sql: `
      CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        RAISE EXCEPTION '% is append-only: correct it with another entry', TG_TABLE_NAME
          USING ERRCODE = 'insufficient_privilege';
      END $$;

      CREATE TABLE ledger_entries (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        account_id text NOT NULL REFERENCES accounts,
        -- Tasks are deleted after their retention time; their entries stay.
        task_id text,
        kind text NOT NULL,
        -- Micro-dollars, signed: the balance is the sum.
        amount bigint NOT NULL,
        note text,
        created_at timestamptz NOT NULL DEFAULT now(),
        CHECK (
          CASE kind
            WHEN 'credit' THEN task_id IS NULL
            WHEN 'hold' THEN task_id IS NOT NULL AND amount <= 0
            WHEN 'release' THEN task_id IS NOT NULL AND amount >= 0
            WHEN 'charge' THEN task_id IS NOT NULL AND amount <= 0
            ELSE false
          END
        )
      );
      CREATE UNIQUE INDEX ledger_entries_once ON ledger_entries (task_id, kind) WHERE task_id IS NOT NULL;
      CREATE INDEX ledger_entries_by_account ON ledger_entries (account_id, id) INCLUDE (amount);
      CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_entries
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();`,
  },
  {
    name: 'billing-3-audit',
    sql: `
      CREATE TABLE audit_entries (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        actor text NOT NULL,
        action text NOT NULL,
        account_id text NOT NULL REFERENCES accounts,
        details jsonb NOT NULL DEFAULT '{}',
        created_at timestamptz NOT NULL DEFAULT now()
      );
      CREATE INDEX audit_entries_by_account ON audit_entries (account_id, id);
      CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entries
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();`,
  },
  {
    name: 'billing-4-request-counts',
    sql: `
      -- Unlogged: counting costs no write to disk, and what a crash of the server forgets is a minute's count at most.
      CREATE UNLOGGED TABLE request_counts (
        account_id text PRIMARY KEY REFERENCES accounts,
        minute timestamptz NOT NULL,
        requests integer NOT NULL
      ) WITH (fillfactor = 50);`,
  },
  {
    name: 'billing-5-balances',
    sql: `
      -- The sum of each account's entries, kept by the ledger itself: nobody has to add up all that ever was.
      CREATE TABLE balances (
        account_id text PRIMARY KEY REFERENCES accounts,
        balance bigint NOT NULL
      ) WITH (fillfactor = 50);
      INSERT INTO balances
        SELECT id, coalesce((SELECT sum(amount) FROM ledger_entries WHERE account_id = accounts.id), 0) FROM accounts;

      CREATE FUNCTION open_balance() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        INSERT INTO balances VALUES (NEW.id, 0);
        RETURN NULL;
      END $$;
      CREATE TRIGGER open_balance AFTER INSERT ON accounts FOR EACH ROW EXECUTE FUNCTION open_balance();

      CREATE FUNCTION add_to_balance() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        UPDATE balances SET balance = balance + added.amount
        FROM (SELECT account_id, sum(amount) AS amount FROM added_entries GROUP BY account_id) AS added
        WHERE balances.account_id = added.account_id AND added.amount <> 0;
        RETURN NULL;
      END $$;
      CREATE TRIGGER add_to_balance AFTER INSERT ON ledger_entries REFERENCING NEW TABLE AS added_entries
        FOR EACH STATEMENT EXECUTE FUNCTION add_to_balance();

      -- What was paid for, and with which key: tasks are deleted, and usage is still asked for.
      ALTER TABLE ledger_entries ADD COLUMN model text, ADD COLUMN key_id text;
      -- Usage is asked for by time.
      CREATE INDEX ledger_entries_by_time ON ledger_entries (account_id, created_at, id);`,
  },
];
