import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { type FileStore, openFileStore } from '@retone/storage';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { type S3Fault, type S3Stub, startS3Stub } from './s3-stub.ts';

// S3 that fails, says nothing, or breaks off: each call fails in time, and the next one works.

let stub: S3Stub;
let store: FileStore;
const content = Buffer.alloc(200_000, 'sound');
beforeEach(async () => {
  stub = await startS3Stub('sounds');
  const credentials = { accessKeyId: 'id', secretAccessKey: 'secret' };
  const s3 = { bucket: 'sounds', endpoint: stub.endpoint, forcePathStyle: true, credentials };
  store = openFileStore({ s3, timeoutMs: 2000 });
  await store.put('a.wav', content);
});
afterEach(() => stub.close());

const unavailable = (work: Promise<unknown>) => expect(work).rejects.toMatchObject({ code: 'unavailable' });

describe.each<S3Fault>(['error', 'hang', 'cut'])('while S3 answers with: %s', (fault) => {
  beforeEach(() => {
    stub.fault = () => fault;
  });

  test('a file is not put, and put later', async () => {
    await unavailable(store.put('b.wav', content));
    stub.fault = () => undefined;
    expect(await store.read('b.wav')).toBeUndefined();
    await store.put('b.wav', content);
    expect(content.equals((await store.read('b.wav'))!)).toBe(true);
  });

  test('a large file is not put in parts', async () => {
    await unavailable(store.put('b.wav', Buffer.alloc(9 * 2 ** 20)));
    expect(stub.objects.has('b.wav')).toBe(false);
  });

  test('a file is not read, and never half', async () => {
    await unavailable(store.read('a.wav'));
    await unavailable(
      (async () => {
        const opened = await store.open('a.wav');
        try {
          await buffer(opened!.stream);
        } catch (cause) {
          throw Object.assign(new Error('broken', { cause }), { code: 'unavailable' });
        }
      })(),
    );
    stub.fault = () => undefined;
    expect(content.equals((await store.read('a.wav'))!)).toBe(true);
  });

  test('size, deletion and list fail', async () => {
    await unavailable(store.stat('a.wav'));
    await unavailable(store.delete('a.wav'));
    await unavailable(
      (async () => {
        for await (const _ of store.list(''));
      })(),
    );
  });
});

test('a folder that is away is not one without files', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'retone-away-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const path = join(folder, 'files');
  const disk = openFileStore({ folder: path });
  await disk.put('a.wav', content);
  for (const leave of [() => {}, () => writeFile(path, ''), () => mkdir(path)]) {
    await rename(path, `${path}.away`);
    await leave();
    for (const work of [
      disk.read('a.wav'),
      disk.open('a.wav'),
      disk.stat('a.wav'),
      disk.delete('a.wav'),
      disk.put('b.wav', content),
    ])
      await unavailable(work);
    await rm(path, { recursive: true, force: true });
    await rename(`${path}.away`, path);
    expect(content.equals((await disk.read('a.wav'))!)).toBe(true);
    expect(await disk.read('b.wav')).toBeUndefined();
  }
});

test('content that comes slowly is waited for', async () => {
  async function* slowly() {
    for (let i = 0; i < 2; i++) {
      await new Promise((resolve) => setTimeout(resolve, 2500));
      yield Buffer.from('abc');
    }
  }
  expect(await store.put('slow.wav', slowly())).toMatchObject({ size: 6 });
});
