import type { Migration } from '@retone/database';

/** The tables of this room, in the order in which they came to be. */
export const jobsMigrations: readonly Migration[] = [
  {
    name: 'jobs-001-tasks-and-files',
    sql: `
      CREATE TABLE tasks (
        id text PRIMARY KEY,
        account_id text NOT NULL,
        model text NOT NULL,
        input jsonb NOT NULL,
        -- The recording in the file store, where it came with the request or as an upload.
        source_key text,
        status text NOT NULL DEFAULT 'created'
          CHECK (status IN ('created', 'processing', 'completed', 'failed', 'cancelled')),
        seed bigint NOT NULL,
        base64_output boolean NOT NULL DEFAULT false,
        webhook_url text,
        idempotency_key text,
        idempotency_hash text,
        -- Counts the tries; what a try reports is believed only while its number is the latest.
        attempts integer NOT NULL DEFAULT 0,
        progress jsonb,
        outputs jsonb NOT NULL DEFAULT '[]',
        error text NOT NULL DEFAULT '',
        inference_ms integer NOT NULL DEFAULT 0,
        created_at timestamptz NOT NULL DEFAULT now(),
        started_at timestamptz,
        ended_at timestamptz
      );
      CREATE UNIQUE INDEX tasks_idempotency ON tasks (account_id, idempotency_key) WHERE idempotency_key IS NOT NULL;
      CREATE INDEX tasks_history ON tasks (account_id, created_at DESC, id);
      CREATE INDEX tasks_open ON tasks (account_id) WHERE status IN ('created', 'processing');
      CREATE INDEX tasks_age ON tasks (created_at);

      -- What can be fetched without a key, by a token that cannot be guessed.
      CREATE TABLE files (
        token text PRIMARY KEY,
        account_id text NOT NULL,
        task_id text REFERENCES tasks (id) ON DELETE CASCADE,
        key text NOT NULL,
        name text NOT NULL,
        media_type text NOT NULL,
        -- Null until the bytes are there.
        size bigint,
        created_at timestamptz NOT NULL DEFAULT now()
      );
      CREATE INDEX files_task ON files (task_id);
      CREATE INDEX files_age ON files (created_at);
    `,
  },
  {
    name: 'jobs-002-turns-and-webhooks',
    sql: `
      -- Place in the queue: lower ones go first. See Tasks.nextTurn.
      ALTER TABLE tasks ADD COLUMN turn integer NOT NULL DEFAULT 0;
      CREATE INDEX tasks_turn ON tasks (turn) WHERE status = 'created';
      -- How the telling of the task's end goes: {state, attempts, error, nextAttemptAt}. Null before there is an end to tell.
      ALTER TABLE tasks ADD COLUMN webhook jsonb;
      CREATE INDEX tasks_source ON tasks (source_key) WHERE source_key IS NOT NULL;
      CREATE INDEX files_key ON files (key);
    `,
  },
  {
    name: 'jobs-003-adapters-and-warnings',
    sql: `
      CREATE TABLE adapters (
        id text PRIMARY KEY,
        account_id text NOT NULL,
        name text NOT NULL,
        key text NOT NULL,
        size bigint NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now()
      );
      CREATE INDEX adapters_account ON adapters (account_id, created_at DESC);
      -- Sentences: what of the request had no effect.
      ALTER TABLE tasks ADD COLUMN warnings jsonb NOT NULL DEFAULT '[]';
    `,
  },
  {
    name: 'jobs-004-tries-handed-back',
    sql: `
      -- Of the attempts, those whose worker stopped as it was asked to. They do not count towards its limit.
      ALTER TABLE tasks ADD COLUMN handed_back integer NOT NULL DEFAULT 0;
    `,
  },
  {
    name: 'jobs-005-error-codes-and-history',
    sql: `
      -- Why a task failed, for programs; empty while there is nothing to tell.
      ALTER TABLE tasks ADD COLUMN error_code text NOT NULL DEFAULT '';
      -- History is read from a known place on, newest first, also of one status or model.
      DROP INDEX tasks_history;
      CREATE INDEX tasks_history ON tasks (account_id, created_at DESC, id DESC);
      CREATE INDEX tasks_history_status ON tasks (account_id, status, created_at DESC, id DESC);
      CREATE INDEX tasks_history_model ON tasks (account_id, model, created_at DESC, id DESC);
      -- An account's last turn is read with every submission.
      DROP INDEX tasks_open;
      CREATE INDEX tasks_open ON tasks (account_id, turn) WHERE status IN ('created', 'processing');
      ALTER TABLE adapters ADD COLUMN hash text;
      -- Bytes that an announced upload is to have.
      ALTER TABLE files ADD COLUMN announced_size bigint;
      CREATE INDEX files_uploads ON files (account_id) WHERE task_id IS NULL;
    `,
  },
  {
    name: 'jobs-006-tries-failed',
    sql: `
      -- Of the attempts, those that failed by what may be the task's own fault. Attempts that neither failed nor were handed
      -- back were lost: their worker, engine or codec was killed or hung.
      ALTER TABLE tasks ADD COLUMN failed_tries integer NOT NULL DEFAULT 0;
    `,
  },
];
