import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { describeSettings, readSettings, SettingsError, unknownSettings } from '../src/index.ts';

test('there are defaults for all, and an empty variable is as good as none', () => {
  const settings = readSettings({ RETONE_PORT: '', HOME: '/home/x' });
  expect(settings).toMatchObject({ RETONE_HOST: '127.0.0.1', RETONE_PORT: 8080, RETONE_ALLOW_HOSTS: [] });
  for (const name of Object.keys(settings)) expect(describeSettings()).toContain(name);
});

test.each([
  ['RETONE_PORT', 'eighty', 'a port from 0 to 65535'],
  ['RETONE_PORT', '70000', 'a port from 0 to 65535'],
  ['RETONE_PUBLIC_URL', 'retone.example.com', 'a URL such as'],
  ['RETONE_PUBLIC_URL', 'ftp://retone.example.com', 'a URL such as'],
  ['RETONE_WORKERS', '0', 'a number from 1'],
  ['RETONE_WORKERS', '1.5', 'a whole number'],
  ['RETONE_WORKERS', 'many', 'a whole number'],
  ['RETONE_BILLING', 'maybe', 'on or off'],
  ['RETONE_RETENTION_DAYS', '-1', 'a number of days'],
  ['RETONE_MAX_UPLOAD_MB', '1e9', 'a number up to'],
  ['RETONE_ALLOW_HOSTS', 'files.internal, 10.0.0.0/99', 'not a host to allow'],
  ['RETONE_CORS_ORIGINS', 'app.example.com', 'origins such as'],
  ['RETONE_CORS_ORIGINS', 'https://app.example.com/path', 'origins such as'],
  ['RETONE_TRUST_PROXY', '10.0.0.0/99', 'addresses and networks such as'],
  ['RETONE_TRUST_PROXY', '1', 'addresses and networks such as'],
  ['RETONE_TRUST_PROXY', 'loopback, proxy.internal', 'addresses and networks such as'],
  ['RETONE_METRICS_TOKEN', 'short', 'at least 16 characters'],
  ['RETONE_LOG', 'xml', 'auto, text or json'],
  ['DATABASE_URL', 'mysql://root:hidden@host/x', 'a URL such as postgres://'],
])('%s=%s is refused with what it takes', (name, value, takes) => {
  const read = () => readSettings({ [name]: value });
  expect(read).toThrow(SettingsError);
  expect(read).toThrow(new RegExp(`^${name} is .*${takes}`));
  expect(read).not.toThrow(/hidden/);
});

test('all faults are reported at once', () => {
  expect(() => readSettings({ RETONE_PORT: 'x', RETONE_BILLING: 'y' })).toThrow(/RETONE_PORT.*RETONE_BILLING/s);
});

test('what looks like a setting and is none is noticed', () => {
  const environment = { RETONE_PROT: '1', RETONE_PORT: '2', RETONE_MODELS: '/x', RETONE_DEBUG: '1', PATH: '/bin' };
  expect(unknownSettings(environment)).toEqual(['RETONE_PROT']);
});

test('a secret may be in its own file, and settings in one together, which the environment overrides', () => {
  const folder = mkdtempSync(join(tmpdir(), 'retone-settings-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = (name: string, content: string) => {
    writeFileSync(join(folder, name), content);
    return join(folder, name);
  };
  const url = file('url', 'postgres://user:secret@host/name\n');
  const token = file('token', 'a token of some length\n');
  const config = file(
    'retone.conf',
    `# settings\nRETONE_PORT=1234\nRETONE_WORKERS="3"\nRETONE_METRICS_TOKEN_FILE=${token}\n`,
  );
  const read = readSettings({ RETONE_CONFIG: config, DATABASE_URL_FILE: url, RETONE_PORT: '99' });
  expect(read).toMatchObject({
    RETONE_PORT: 99,
    RETONE_WORKERS: 3,
    DATABASE_URL: 'postgres://user:secret@host/name',
    RETONE_METRICS_TOKEN: 'a token of some length',
  });
  expect(unknownSettings({ DATABASE_URL_FILE: url, RETONE_CONFIG: config, RETONE_METRICS_TOKEN_FILE: token })).toEqual(
    [],
  );

  expect(() => readSettings({ DATABASE_URL_FILE: join(folder, 'none') })).toThrow(
    /DATABASE_URL_FILE is .* cannot be read/,
  );
  expect(() => readSettings({ DATABASE_URL_FILE: url, DATABASE_URL: 'postgres://x@y/z' })).toThrow(/not both/);
  expect(() => readSettings({ RETONE_CONFIG: file('wrong.conf', 'RETONE_PROT=1\n') })).toThrow(/has RETONE_PROT/);
});
