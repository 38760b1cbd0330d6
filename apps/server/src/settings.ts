import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { CodedError } from '@retone/common';
import { defaultPrecision, devices, precisions } from '@retone/engine';
import { AllowedHosts } from '@retone/storage';
import { z } from 'zod';
import { dialectNames } from './dialects/names.ts';

const count = (max = 1_000_000) =>
  z.coerce
    .number('takes a whole number')
    .int('takes a whole number')
    .min(1, 'takes a number from 1')
    .max(max, `takes a number up to ${max}`);
const list = z
  .string()
  .default('')
  .transform((text) =>
    text
      .split(',')
      .map((item) => item.trim())
      .filter(Boolean),
  );
const httpUrl = z.url({ protocol: /^https?$/, error: 'takes a URL such as https://retone.example.com' });
const port = z.coerce
  .number('takes a port from 0 to 65535')
  .int('takes a port from 0 to 65535')
  .min(0, 'takes a port from 0 to 65535')
  .max(65535, 'takes a port from 0 to 65535');

const seconds = (max: number) =>
  z.coerce
    .number('takes a number of seconds')
    .min(0.1, 'takes a number of seconds from 0.1')
    .max(max, `takes a number of seconds up to ${max}`);

/** Names that Fastify has for networks. */
const addressRanges = ['loopback', 'linklocal', 'uniquelocal'];

/** The service's settings, each an environment variable of this name. */
const schema = z.object({
  RETONE_HOST: z.string().default('127.0.0.1').describe('Address to listen on.'),
  RETONE_PORT: port.default(8080).describe('Port to listen on.'),
  RETONE_WORKER_PORT: port.optional().describe('Port of /healthz, /readyz and /metrics of a worker alone.'),
  RETONE_PUBLIC_URL: httpUrl.optional().describe('How clients reach the service, for the URLs in its answers.'),
  RETONE_DATA: z
    .string()
    .default(join(process.env.XDG_DATA_HOME ?? join(homedir(), '.local', 'share'), 'retone'))
    .describe('Folder of the embedded database and of the files.'),
  DATABASE_URL: z
    .string()
    .regex(/^postgres(ql)?:\/\//, 'takes a URL such as postgres://user:password@host/name')
    .optional()
    .describe('A Postgres server instead of the embedded database.'),
  RETONE_DATABASE_CONNECTIONS: count(1000).default(10).describe('Connections of each process to the Postgres server.'),
  RETONE_DATABASE_TIMEOUT_SECONDS: seconds(3600)
    .default(15)
    .describe('Longest time for a statement; a connection that is silent for longer is given up.'),
  RETONE_S3_BUCKET: z.string().optional().describe('An S3 bucket instead of a folder for files.'),
  RETONE_S3_ENDPOINT: httpUrl.optional().describe('An S3-compatible service other than AWS.'),
  RETONE_S3_REGION: z.string().optional().describe('Region of the bucket.'),
  RETONE_S3_PATH_STYLE: z
    .enum(['auto', 'on', 'off'], 'takes auto, on or off')
    .default('auto')
    .describe('Whether the bucket is named in the path of URLs instead of the host; auto: with an endpoint it is.'),
  RETONE_S3_ACCESS_KEY_ID: z.string().optional().describe("Credentials of the bucket; default: AWS's own variables."),
  RETONE_S3_SECRET_ACCESS_KEY: z.string().optional().describe('The secret that belongs to the access key.'),
  RETONE_STORAGE_TIMEOUT_SECONDS: seconds(3600)
    .default(30)
    .describe('Longest time in which storing or reading a file may stand still.'),
  RETONE_MODEL: z.string().optional().describe('Name or folder of the model that serves; default: the built-in one.'),
  RETONE_SERVING: z
    .string()
    .optional()
    .describe('A JSON file that says which model serves which endpoint; see docs/models.md.'),
  RETONE_MEMORY_GB: z.coerce
    .number('takes a number of gigabytes')
    .min(0.1, 'takes a number of gigabytes from 0.1')
    .optional()
    .describe('What loaded models may take together; default: 70 % of the memory.'),
  RETONE_WORKERS: count(64)
    .default(1)
    .describe('Tasks at once; those of one model take turns, so more overlap the coding of files.'),
  RETONE_PRECISION: z
    .enum(precisions, `takes ${precisions.join(', ')}`)
    .default(defaultPrecision)
    .describe('How exactly the model is computed: in fp32 (exact), or partly or mostly in 8-bit integers.'),
  RETONE_DEVICE: z
    .enum(devices, `takes ${devices.join(', ')}`)
    .default('auto')
    .describe('What the model is computed on; auto is the processor.'),
  RETONE_THREADS: count(1024)
    .optional()
    .describe(
      'Threads of one operator of the network; default: one per physical core, or as many as affinity and the container allow.',
    ),
  RETONE_CODING_SECONDS: seconds(3600)
    .default(120)
    .describe('Longest time for reading or writing a file of sound; its process is killed then.'),
  RETONE_STALL_SECONDS: seconds(86_400)
    .default(600)
    .describe(
      'An engine that makes no progress for so long, or gives no sign of life for a fifth of it, is restarted.',
    ),
  RETONE_BILLING: z
    .enum(['on', 'off'], 'takes on or off')
    .optional()
    .describe('on: the page shows prices and credit. off: nothing is charged. Default: charged, but not shown.'),
  RETONE_REQUESTS_PER_MINUTE: count().default(600).describe('Requests a minute and account.'),
  RETONE_TASKS_AT_ONCE: count().default(2).describe('Tasks of one account that run at once; more wait.'),
  RETONE_QUEUE_LIMIT: count().default(20_000).describe('Tasks that may wait or run in all.'),
  RETONE_ACCOUNT_QUEUE_LIMIT: count().default(1000).describe('Tasks of one account that may wait or run.'),
  RETONE_RETENTION_DAYS: z.coerce
    .number('takes a number of days')
    .min(0.01, 'takes a number of days from 0.01')
    .max(36_500, 'takes a number of days up to 36500')
    .optional()
    .describe('Days after which tasks and files are deleted; default: never.'),
  RETONE_MAX_UPLOAD_MB: count(10_000).default(200).describe('Largest upload, and largest recording fetched.'),
  RETONE_QUOTA_GB: z.coerce
    .number('takes a number of gigabytes')
    .min(0.001, 'takes a number of gigabytes from 0.001')
    .default(20)
    .describe('What uploads and adapters of one account may take together.'),
  RETONE_SYNC_SECONDS: count(86_400).default(300).describe('How long a synchronous submission waits for its result.'),
  RETONE_STOP_SECONDS: z.coerce
    .number('takes a number of seconds')
    .min(0, 'takes a number of seconds from 0')
    .max(86_400, 'takes a number of seconds up to 86400')
    .default(20)
    .describe('How long tasks may continue after SIGTERM before they are handed back.'),
  RETONE_DRAIN_SECONDS: z.coerce
    .number('takes a number of seconds')
    .min(0, 'takes a number of seconds from 0')
    .max(3600, 'takes a number of seconds up to 3600')
    .default(0)
    .describe('How long an API serves on after SIGTERM, not ready, so that load balancers notice before it closes.'),
  RETONE_ALLOW_HOSTS: list
    .superRefine((hosts, context) => {
      try {
        new AllowedHosts(hosts);
      } catch (error) {
        context.addIssue((error as Error).message);
      }
    })
    .describe('Hosts or networks that tasks and webhooks may reach though they are private.'),
  RETONE_CORS_ORIGINS: list
    .refine(
      (origins) => origins.every((origin) => origin === '*' || isOrigin(origin)),
      'takes origins such as https://app.example.com, or *',
    )
    .describe('Origins whose web pages may call the API with a key, or * for all.'),
  RETONE_DIALECTS: list
    .pipe(z.array(z.enum(dialectNames, `takes names of ${dialectNames.join(', ')}`)))
    .describe(`APIs of other services that clients may use too: ${dialectNames.join(', ')}; see docs/dialects.md.`),
  RETONE_TRUST_PROXY: list
    .refine(
      (proxies) => proxies.every((proxy) => addressRanges.includes(proxy) || isNetwork(proxy)),
      `takes addresses and networks such as 10.1.0.0/16, or ${addressRanges.join(', ')}`,
    )
    .describe("Proxies whose word (X-Forwarded-For, -Proto, -Host) is taken for the client's address and URL."),
  RETONE_METRICS_TOKEN: z
    .string()
    .min(16, 'takes at least 16 characters')
    .optional()
    .describe('Who sends it as a bearer token may read /metrics; without it, this machine alone.'),
  RETONE_LOG: z
    .enum(['auto', 'text', 'json'], 'takes auto, text or json')
    .default('auto')
    .describe('Form of the log: text on a terminal, JSON elsewhere.'),
  RETONE_LOG_LEVEL: z
    .enum(['debug', 'info', 'warn', 'error', 'silent'], 'takes debug, info, warn, error or silent')
    .default('info')
    .describe('What is logged.'),
});

/** Settings that no message shows. */
const secretSettings = [
  'DATABASE_URL',
  'RETONE_METRICS_TOKEN',
  'RETONE_S3_ACCESS_KEY_ID',
  'RETONE_S3_SECRET_ACCESS_KEY',
];

export type Settings = z.infer<typeof schema>;

/** Names that are no settings of the service, but of other parts. */
const others = [
  'RETONE_CONFIG',
  'RETONE_DEBUG',
  'RETONE_KEY',
  'RETONE_MODELS',
  'RETONE_CACHE',
  'RETONE_COMPILED_GB',
  'RETONE_FOLDED_GB',
];

/** Settings that cannot be used; the message names each, and what it takes. */
export class SettingsError extends CodedError<'bad-setting'> {}

/**
 * Reads the settings from environment variables. An empty one is as good as none.
 *
 * @throws SettingsError naming every variable at fault
 */
export function readSettings(environment: NodeJS.ProcessEnv): Settings {
  const all = withFiles(environment);
  const given = Object.fromEntries(Object.entries(all).filter(([name, value]) => name in schema.shape && value !== ''));
  const result = schema.safeParse(given);
  if (result.success) return result.data;
  const sentences = result.error.issues.map(({ path, message }) => {
    const name = String(path[0]);
    // A database's URL holds its password.
    const shown = secretSettings.includes(name) ? 'not right' : `"${given[name]}"`;
    return `${name} is ${shown}: ${message}`;
  });
  throw new SettingsError('bad-setting', sentences.join('; '));
}

/**
 * The environment with what it names as files: `RETONE_CONFIG`, a file of lines `NAME=value` that the environment itself
 * overrides, and for each secret `NAME_FILE`, which holds it alone, as container platforms mount them.
 */
function withFiles(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const read = (name: string, path: string) => {
    try {
      return readFileSync(path, 'utf8');
    } catch (error) {
      throw new SettingsError('bad-setting', `${name} is "${path}", which cannot be read: ${(error as Error).message}`);
    }
  };
  const { RETONE_CONFIG: config } = environment;
  const configured = config ? parseEnv(read('RETONE_CONFIG', config)) : {};
  const unknown = unknownSettings(configured);
  if (unknown.length > 0)
    throw new SettingsError(
      'bad-setting',
      `${config} has ${unknown.join(', ')}; retone serve --help lists the settings`,
    );
  const all: NodeJS.ProcessEnv = { ...configured, ...environment };
  for (const name of secretSettings) {
    const path = all[`${name}_FILE`];
    if (!path) continue;
    if (all[name])
      throw new SettingsError('bad-setting', `${name} must be given either itself or as ${name}_FILE, not both`);
    all[name] = read(`${name}_FILE`, path).trim();
  }
  return all;
}

/** Variables that look like settings and are none: misspelt, most likely. */
export function unknownSettings(environment: NodeJS.ProcessEnv): string[] {
  const known = [...Object.keys(schema.shape), ...others, ...secretSettings.map((name) => `${name}_FILE`)];
  return Object.keys(environment).filter((name) => name.startsWith('RETONE_') && !known.includes(name));
}

/** The settings with what each does, for the help text. */
export function describeSettings(): string {
  const lines = Object.entries(schema.shape).map(([name, field]) => `  ${name.padEnd(34)}${field.description ?? ''}`);
  const config = `  ${'RETONE_CONFIG'.padEnd(34)}A file of lines NAME=value with settings; the environment overrides it.`;
  return [...lines, config, `\nSecrets (${secretSettings.join(', ')}) can be in files: NAME_FILE names the file.`].join(
    '\n',
  );
}

/** Bytes of the largest file that is taken in, however it comes. */
export function maxFileBytes({ RETONE_MAX_UPLOAD_MB: megabytes }: Settings): number {
  return megabytes * 1e6;
}

function isNetwork(text: string): boolean {
  const [, address = '', bits] = /^([^/]+?)(?:\/(\d+))?$/.exec(text) ?? [];
  const most = { 0: 0, 4: 32, 6: 128 }[isIP(address)]!;
  return most > 0 && (bits === undefined || (Number(bits) >= 1 && Number(bits) <= most));
}

function isOrigin(text: string): boolean {
  return URL.canParse(text) && new URL(text).origin === text;
}
