import { homedir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';

const count = z.coerce.number().int().min(1);
const list = z
  .string()
  .default('')
  .transform((text) =>
    text
      .split(',')
      .map((item) => item.trim())
      .filter(Boolean),
  );

/** The service's settings, each an environment variable of this name. */
const schema = z.object({
  RETONE_HOST: z.string().default('127.0.0.1').describe('Address to listen on.'),
  RETONE_PORT: z.coerce.number().int().min(0).max(65535).default(8080).describe('Port to listen on.'),
  RETONE_PUBLIC_URL: z.url().optional().describe('How clients reach the service, for the URLs in its answers.'),
  RETONE_DATA: z
    .string()
    .default(join(process.env.XDG_DATA_HOME ?? join(homedir(), '.local', 'share'), 'retone'))
    .describe('Folder of the embedded database and of the files.'),
  DATABASE_URL: z.string().optional().describe('A Postgres server instead of the embedded database.'),
  RETONE_S3_BUCKET: z.string().optional().describe('An S3 bucket instead of a folder for files.'),
  RETONE_S3_ENDPOINT: z.url().optional().describe('An S3-compatible service other than AWS.'),
  RETONE_S3_REGION: z.string().optional().describe('Region of the bucket.'),
  RETONE_MODEL: z.string().optional().describe('Name or folder of the model that serves; default: the built-in one.'),
  RETONE_WORKERS: count.default(1).describe('Tasks at once on this machine.'),
  RETONE_BILLING: z.enum(['on', 'off']).default('on').describe('Whether tasks are refused for want of credit.'),
  RETONE_REQUESTS_PER_MINUTE: count.default(600).describe('Requests a minute and account.'),
  RETONE_TASKS_AT_ONCE: count.default(2).describe('Tasks of one account that run at once; more wait.'),
  RETONE_QUEUE_LIMIT: count.default(1000).describe('Tasks that may wait in all.'),
  RETONE_RETENTION_DAYS: z.coerce.number().min(0.01).default(7).describe('How long tasks and files are kept.'),
  RETONE_MAX_UPLOAD_MB: count.default(200).describe('Largest upload, and largest recording fetched.'),
  RETONE_SYNC_SECONDS: count.default(300).describe('How long a synchronous submission waits for its result.'),
  RETONE_ALLOW_HOSTS: list.describe('Hosts or networks that tasks and webhooks may reach though they are private.'),
});

export type Settings = z.infer<typeof schema>;

/** A setting that cannot be used; the message names it and what is accepted. */
export class SettingsError extends Error {}

/**
 * Reads the settings from environment variables.
 *
 * @throws SettingsError naming the first variable at fault
 */
export function readSettings(environment: NodeJS.ProcessEnv): Settings {
  const given = Object.fromEntries(
    Object.entries(environment).filter(([name, value]) => name in schema.shape && value !== ''),
  );
  const result = schema.safeParse(given);
  if (result.success) return result.data;
  const { path, message } = result.error.issues[0]!;
  throw new SettingsError(`${String(path[0])} is "${given[String(path[0])]}": ${message}`);
}

/** The settings with what each does, for the help text. */
export function describeSettings(): string {
  return Object.entries(schema.shape)
    .map(([name, field]) => `  ${name.padEnd(28)}${field.description ?? ''}`)
    .join('\n');
}
