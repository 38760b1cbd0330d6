import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { openFileStore } from '@retone/storage';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startS3Stub } from './s3-stub.ts';

const script = fileURLToPath(new URL('writer.ts', import.meta.url));
type StoreOptions = Parameters<typeof openFileStore>[0];

let writer: ChildProcess | undefined;
afterEach(() => {
  writer?.kill('SIGKILL');
});

/** Starts a process that writes into the store; returns once it has said `line`. */
async function startWriter(options: StoreOptions, what: 'half' | 'again', line: string): Promise<void> {
  const started = spawn(process.execPath, [script, JSON.stringify(options), what], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  writer = started;
  for await (const said of createInterface(started.stdout)) if (said === line) return;
  throw new Error('The writer ended early.');
}

async function killWriter(): Promise<void> {
  const ended = once(writer!, 'exit');
  writer!.kill('SIGKILL');
  await ended;
}

async function list(options: StoreOptions): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of openFileStore(options).list('')) keys.push(key);
  return keys;
}

/** Checks what is left of a writer that was killed at any moment: a whole file of one version. */
async function expectWholeVersion(options: StoreOptions, least: number): Promise<void> {
  const content = (await openFileStore(options).read('tasks/again'))!;
  expect(content.length).toBe(3 * 2 ** 20);
  expect(content[0]).toBeGreaterThanOrEqual(least);
  expect(content.every((byte) => byte === content[0])).toBe(true);
}

describe('a process that is killed while it writes to disk', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'retone-storage-'));
  });
  afterEach(() => rm(folder, { recursive: true }));
  const partials = () => readdir(join(folder, '.partial'));

  test('leaves nothing to be seen, and the next one cleans up', async () => {
    await startWriter({ folder }, 'half', 'half');
    expect(await partials()).toHaveLength(1);
    // It is alive: its file is not touched.
    expect(await list({ folder })).toEqual([]);
    expect(await partials()).toHaveLength(1);

    await killWriter();
    expect(await partials()).toHaveLength(1);
    const store = openFileStore({ folder });
    expect(await partials()).toEqual([]);
    expect(await store.read('tasks/new')).toBeUndefined();
    expect(await list({ folder })).toEqual([]);
  });

  test.each(['1', '2', '3', '5', '8'])('after version %s leaves a whole one', async (version) => {
    await startWriter({ folder }, 'again', version);
    await killWriter();
    await expectWholeVersion({ folder }, Number(version));
    expect(await partials()).toEqual([]);
  });

  test.runIf(process.platform === 'linux')(
    'a number of a process that is used again does not protect a file',
    async () => {
      await startWriter({ folder }, 'half', 'half');
      const [name] = await partials();
      // As if an earlier process of the writer's number had left it.
      const earlier = name!.replace(/\.\d+(\.\w+)$/, '.1$1');
      await writeFile(join(folder, '.partial', earlier), 'old');
      openFileStore({ folder });
      expect(await partials()).toEqual([name]);
    },
  );

  test("another machine's file is removed after a day without a write", async () => {
    openFileStore({ folder });
    const yesterday = Date.now() / 1000 - 25 * 60 * 60;
    await writeFile(join(folder, '.partial', '0123456789abcdef.1.aa.bb'), 'old');
    await utimes(join(folder, '.partial', '0123456789abcdef.1.aa.bb'), yesterday, yesterday);
    await writeFile(join(folder, '.partial', '0123456789abcdef.2.aa.bb'), 'new');
    openFileStore({ folder });
    expect(await partials()).toEqual(['0123456789abcdef.2.aa.bb']);
  });
});

describe('a process that is killed while it writes to S3', () => {
  let stub: Awaited<ReturnType<typeof startS3Stub>>;
  let options: StoreOptions;
  beforeAll(async () => {
    stub = await startS3Stub('sounds');
    const credentials = { accessKeyId: 'id', secretAccessKey: 'secret' };
    options = { s3: { bucket: 'sounds', endpoint: stub.endpoint, forcePathStyle: true, credentials } };
  });
  afterAll(() => stub.close());

  test('leaves nothing to be seen', async () => {
    await startWriter(options, 'half', 'half');
    await killWriter();
    expect(stub.uploads.size).toBe(1);
    expect(await list(options)).toEqual([]);
  });

  test('leaves a whole version', async () => {
    await startWriter(options, 'again', '3');
    await killWriter();
    await expectWholeVersion(options, 3);
  });
});
