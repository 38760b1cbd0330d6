import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { type FileStore, newToken, openFileStore, StorageError, type StorageErrorCode } from '@retone/storage';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type S3Stub, startS3Stub } from './s3-stub.ts';

interface Backend {
  store: FileStore;
  /** Everything that is kept for the store, finished or not. */
  kept(): Promise<string[]>;
  close(): Promise<void>;
}

const backends: [name: string, open: () => Promise<Backend>][] = [
  [
    'a folder',
    async () => {
      const folder = await mkdtemp(join(tmpdir(), 'retone-storage-'));
      return {
        store: openFileStore({ folder }),
        kept: async () => (await readdir(folder, { recursive: true })).filter((name) => name !== '.partial'),
        close: () => rm(folder, { recursive: true }),
      };
    },
  ],
  [
    'a bucket',
    async () => {
      const stub: S3Stub = await startS3Stub('sounds');
      return {
        store: openFileStore({
          s3: {
            bucket: 'sounds',
            prefix: '/retone/',
            endpoint: stub.endpoint,
            forcePathStyle: true,
            credentials: { accessKeyId: 'id', secretAccessKey: 'secret' },
          },
        }),
        kept: async () => [...stub.objects.keys(), ...stub.uploads.keys()],
        close: () => stub.close(),
      };
    },
  ],
];

// No length of a part or a chunk is a multiple of this one: bytes in a wrong place would show.
const pattern = Uint8Array.from({ length: 10_007 }, (_, at) => at * 31 + (at >> 8));

/** `size` bytes, the same for the same size. */
function bytes(size: number): Buffer {
  return Buffer.alloc(size, pattern);
}

async function* inChunks(content: Buffer, size: number): AsyncGenerator<Uint8Array, void> {
  for (let at = 0; at < content.length; at += size) yield content.subarray(at, at + size);
}

async function expectError(request: Promise<unknown>, code: StorageErrorCode): Promise<void> {
  const error = await request.then(
    () => new Error('it did not fail'),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(StorageError);
  expect(error).toMatchObject({ code, message: expect.stringMatching(/^[^\n]*[^.\n]$/) });
}

async function keys(store: FileStore, prefix: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { key } of store.list(prefix)) found.push(key);
  return found;
}

describe.each(backends)('files in %s', (_, start) => {
  let store: FileStore;
  let kept: Backend['kept'];
  let close: Backend['close'];
  beforeAll(async () => {
    ({ store, kept, close } = await start());
  });
  afterAll(() => close());
  beforeEach(async () => {
    for (const key of await keys(store, '')) await store.delete(key);
    expect(await kept()).toEqual([]);
  });

  test.each([
    ['nothing', 0],
    ['a little', 1000],
    ['one part exactly', 8 * 2 ** 20],
    ['several parts', 17 * 2 ** 20 + 5],
  ])('%s comes back as it was', async (_name, size) => {
    const content = bytes(size);
    const options = { mediaType: 'audio/flac', maxBytes: size };
    expect(await store.put('whole/take.flac', content, options)).toEqual({ key: 'whole/take.flac', size });
    expect(await store.put('stream/take.flac', inChunks(content, 1_000_003), options)).toMatchObject({ size });
    for (const key of ['whole/take.flac', 'stream/take.flac']) {
      expect(await store.stat(key)).toEqual({ key, size });
      expect(content.equals((await store.read(key))!)).toBe(true);
      const opened = (await store.open(key))!;
      expect(opened.size).toBe(size);
      expect(content.equals(await buffer(opened.stream))).toBe(true);
    }
    expect((await kept()).filter((name) => /partial|upload/.test(name))).toEqual([]);
  });

  test('what is absent', async () => {
    await store.put('folder/file', bytes(1));
    for (const key of ['none', 'folder', 'folder/none', 'folder/file2']) {
      expect(await store.stat(key)).toBeUndefined();
      expect(await store.open(key)).toBeUndefined();
      expect(await store.open(key, { start: 0, end: 0 })).toBeUndefined();
      expect(await store.read(key)).toBeUndefined();
    }
    await store.delete('none');
    await store.delete('other-folder/none');
    expect(await keys(store, '')).toEqual(['folder/file']);
  });

  test('ranges', async () => {
    const content = bytes(1000);
    await store.put('take.wav', content);
    for (const [start, end] of [
      [0, 0],
      [0, 999],
      [10, 19],
      [999, 999],
      [990, 5000],
      [500, Infinity],
    ] as const) {
      const opened = (await store.open('take.wav', { start, end }))!;
      expect(opened.size).toBe(1000);
      expect(content.subarray(start, end + 1).equals(await buffer(opened.stream))).toBe(true);
    }
    for (const [start, end] of [
      [1000, 1000],
      [20, 10],
      [-5, 10],
      [0.5, 10],
      [NaN, NaN],
    ] as const) {
      await expectError(store.open('take.wav', { start, end }), 'out-of-range');
    }
    await store.put('empty', bytes(0));
    await expectError(store.open('empty', { start: 0, end: 0 }), 'out-of-range');
  });

  test('a file is replaced', async () => {
    await store.put('take.wav', bytes(100));
    await store.put('take.wav', bytes(50));
    expect(await store.stat('take.wav')).toEqual({ key: 'take.wav', size: 50 });
    expect(bytes(50).equals((await store.read('take.wav'))!)).toBe(true);
  });

  test('deleted files leave nothing', async () => {
    await store.put('a/b/one', bytes(1));
    await store.put('a/b/two', bytes(1));
    await store.delete('a/b/one');
    expect(await keys(store, '')).toEqual(['a/b/two']);
    await store.delete('a/b/two');
    await store.delete('a/b/two');
    expect(await kept()).toEqual([]);
  });

  test('lists', async () => {
    const all = ['a', 'b-c/x', 'b.c', 'b/a', 'b/a.b/z', 'b/a0', 'b/c/d/e', 'bb', 'c/1', 'c/2', 'c/3'];
    for (const key of [...all].reverse()) await store.put(key, bytes(key.length));
    expect(await keys(store, '')).toEqual(all);
    expect(await keys(store, 'b/')).toEqual(['b/a', 'b/a.b/z', 'b/a0', 'b/c/d/e']);
    expect(await keys(store, 'b')).toEqual(all.filter((key) => key.startsWith('b')));
    expect(await keys(store, 'b/a')).toEqual(['b/a', 'b/a.b/z', 'b/a0']);
    expect(await keys(store, 'b.')).toEqual(['b.c']);
    expect(await keys(store, 'c/2')).toEqual(['c/2']);
    expect(await keys(store, 'none/')).toEqual([]);
    expect(await keys(store, 'bb')).toEqual(['bb']);
    expect(await keys(store, 'bbb')).toEqual([]);
    for await (const { key, size, storedAt } of store.list('')) {
      expect(size).toBe(key.length);
      expect(Math.abs(storedAt.getTime() - Date.now())).toBeLessThan(60_000);
    }
  });

  test('files may be deleted while they are listed', async () => {
    for (let at = 0; at < 8; at++) await store.put(`f/${at}`, bytes(1));
    const seen: string[] = [];
    for await (const { key } of store.list('f/')) {
      seen.push(key);
      await store.delete(key);
    }
    expect(seen).toHaveLength(8);
    expect(await kept()).toEqual([]);
  });

  test.each([
    ['small', 1000],
    ['of several parts', 20 * 2 ** 20],
  ])('content that is too long, %s', async (_name, size) => {
    const options = { maxBytes: size - 1 };
    await expectError(store.put('take.wav', bytes(size), options), 'too-large');
    await expectError(store.put('take.wav', inChunks(bytes(size), 65_536), options), 'too-large');
    expect(await kept()).toEqual([]);
  });

  test('content that never ends is stopped at the limit', async () => {
    let closed = false;
    async function* endless() {
      try {
        for (;;) yield bytes(65_536);
      } finally {
        closed = true;
      }
    }
    await expectError(store.put('take.wav', endless(), { maxBytes: 12 * 2 ** 20 }), 'too-large');
    expect(closed).toBe(true);
    expect(await kept()).toEqual([]);
  });

  test.each([
    ['at once', 0],
    ['after a part', 9 * 2 ** 20],
  ])('content that fails %s', async (_name, size) => {
    // It looks like an error of the disk, but it is the content's own.
    const broken = Object.assign(new Error('the sender hung up'), { code: 'ENOENT', syscall: 'read' });
    async function* content() {
      yield* inChunks(bytes(size), 65_536);
      throw broken;
    }
    await expect(store.put('take.wav', content())).rejects.toBe(broken);
    expect(await kept()).toEqual([]);
  });

  test('a signal stops content that hangs', async () => {
    const stop = new AbortController();
    async function* hanging() {
      yield* inChunks(bytes(9 * 2 ** 20), 65_536);
      stop.abort();
      await new Promise(() => {});
    }
    await expectError(store.put('take.wav', hanging(), { signal: stop.signal }), 'aborted');
    await expectError(store.put('take.wav', bytes(10), { signal: stop.signal }), 'aborted');
    expect(await kept()).toEqual([]);
  });

  test('a file that is replaced or deleted while it is read stays whole for its reader', async () => {
    const content = bytes(4 * 2 ** 20);
    await store.put('take.wav', content);
    const first = (await store.open('take.wav'))!;
    await store.put('take.wav', bytes(10));
    expect(content.equals(await buffer(first.stream))).toBe(true);
  });

  test('many at once, in folders that are created and deleted', async () => {
    const one = async (worker: number) => {
      for (let at = 0; at < 10; at++) {
        const key = `busy/${at % 2}/${worker}`;
        await store.put(key, inChunks(bytes(worker), 3));
        expect((await store.read(key))?.length).toBe(worker);
        await store.delete(key);
      }
    };
    await Promise.all(Array.from({ length: 12 }, (__, worker) => one(worker)));
    expect(await kept()).toEqual([]);
  });

  test.each([
    '',
    '/',
    '/etc/passwd',
    '..',
    '../a',
    'a/../b',
    'a/..',
    '.',
    './a',
    'a/./b',
    '.partial/a',
    'a/.hidden',
    'a//b',
    'a/',
    'a.',
    'a./b',
    'a\\b',
    '..\\a',
    'C:',
    'c:/a',
    'a b',
    'a\0b',
    'a\nb',
    'a\n',
    '%2e%2e',
    'ä',
    'a'.repeat(201),
    `${'a/'.repeat(400)}a`,
  ])('%j is not a key', async (key) => {
    await expectError(store.put(key, bytes(1)), 'bad-key');
    await expectError(store.open(key), 'bad-key');
    await expectError(store.stat(key), 'bad-key');
    await expectError(store.read(key), 'bad-key');
    await expectError(store.delete(key), 'bad-key');
    expect(await kept()).toEqual([]);
  });

  test.each(['/', '../', 'a/../', './', '.', '.partial/', 'a//', 'a b'])('%j is not a prefix', async (prefix) => {
    await expectError(keys(store, prefix), 'bad-key');
  });
});

test('content is closed when S3 refuses it', async () => {
  const stub = await startS3Stub('sounds');
  const credentials = { accessKeyId: 'id', secretAccessKey: 'secret' };
  const s3 = { bucket: 'another', endpoint: stub.endpoint, forcePathStyle: true, credentials };
  let closed = false;
  async function* content() {
    try {
      for (;;) yield bytes(2 ** 20);
    } finally {
      closed = true;
    }
  }
  await expectError(openFileStore({ s3 }).put('take.wav', content()), 'unavailable');
  expect(closed).toBe(true);
  await stub.close();
});

test('tokens are keys, and no two are the same', async () => {
  const tokens = new Set(Array.from({ length: 1000 }, newToken));
  expect(tokens.size).toBe(1000);
  for (const token of tokens) expect(token).toMatch(/^[\w-]{43}$/);
});
