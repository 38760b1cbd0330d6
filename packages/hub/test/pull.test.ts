import { execFile } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openCheckpoint } from '@retone/checkpoint';
import { describe, expect, test } from 'vitest';
import {
  failure,
  fetchedOf,
  folder,
  get,
  installed,
  name,
  place,
  published,
  sameAsPublished,
  server,
  weights,
} from './pulling.ts';
import { withPublishedTextEncoder } from './workplace.ts';

describe('pulling a model', () => {
  test('installs what it needs to run, byte by byte, and its licence, and nothing else', async () => {
    const seen: number[] = [];
    const { changed, record } = await get(name, {
      onProgress: ({ done, total }) => seen.push(done / total),
    });
    expect(changed).toBe(true);
    expect(readdirSync(folder()).sort()).toEqual([
      'LICENSE',
      'NOTICE',
      'installed.json',
      'model.safetensors',
      'model_config.json',
      'text-encoder',
      'words.json',
    ]);
    for (const path of [weights, 'model_config.json', 'text-encoder/tokenizer.json'])
      expect(sameAsPublished(path)).toBe(true);
    expect(record).toMatchObject({ source: name, hub: server.url, commit: server.commitOf(name) });
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
    expect(seen.at(-1)).toBe(1);
    openCheckpoint(folder()).close();
  });

  test('takes the text encoder from the repository that the configuration names', async () => {
    const other = place.checkpoint('other', withPublishedTextEncoder);
    rmSync(join(other, 'text-encoder'), { recursive: true });
    server.publish('someone/other', other);
    server.publish('google/t5gemma-b-b-ul2', place.textEncoder());
    await get('someone/other');
    openCheckpoint(join(place.models, 'other')).close();
    expect(readdirSync(join(place.models, 'other', 't5gemma-b-b-ul2'))).toContain(weights);
  });

  test('again asks whether there is news, and fetches nothing', async () => {
    await get();
    server.log.length = 0;
    const { changed } = await get();
    expect(changed).toBe(false);
    expect(fetchedOf(name)).toEqual([]);
    expect(readdirSync(join(place.models, '.partial'))).toEqual(['small.lock']);
  });

  test('again after the owners changed it fetches what changed', async () => {
    await get();
    writeFileSync(join(published, 'LICENSE'), 'another one');
    server.publish(name, published);
    server.log.length = 0;
    expect(await get()).toMatchObject({ changed: true, record: { commit: server.commitOf(name) } });
    expect(sameAsPublished('LICENSE')).toBe(true);
    expect(fetchedOf(name)).toEqual([]);
  });

  test('again mends what was damaged', async () => {
    await get();
    const bytes = readFileSync(join(folder(), weights));
    bytes[bytes.length - 1]! ^= 1;
    writeFileSync(join(folder(), weights), bytes);
    truncateSync(join(folder(), 'text-encoder', weights), 10);
    expect((await get()).changed).toBe(true);
    for (const path of [weights, `text-encoder/${weights}`]) expect(sameAsPublished(path)).toBe(true);
  });

  test('shares files with other installed models', async () => {
    await get();
    server.publish('someone/twin', published);
    server.log.length = 0;
    await get('someone/twin');
    expect(fetchedOf('twin')).toEqual([]);
    expect(statSync(join(folder(), weights)).ino).toBe(statSync(join(place.models, 'twin', weights)).ino);
  });

  test('does not overwrite another model of the same name', async () => {
    await get();
    server.publish('other/small', published);
    const { code, message } = await failure('other/small');
    expect(code).toBe('in-use');
    expect(message).toMatch(/"small" is installed already, from someone\/small; .*--name/);
    await get('other/small', { name: 'other-small' });
    expect(installed().sort()).toEqual(['other-small', 'small']);
  });

  test('takes the requested revision', async () => {
    const old = server.commitOf(name);
    expect((await get(name, { revision: old })).record.commit).toBe(old);
    expect((await failure(name, { revision: 'v9' })).message).toMatch(/someone\/small has no revision "v9"/);
  });
});

describe('a connection that breaks', () => {
  test('at random points is taken up again where it broke', async () => {
    const { size } = statSync(join(published, weights));
    const cuts = Array.from({ length: 6 }, () => 1 + Math.floor((Math.random() * size) / 8));
    server.faults.cuts = [...cuts];
    await get();
    expect(sameAsPublished(weights), `cuts at ${cuts}`).toBe(true);
    const starts = fetchedOf(`small/${weights}`).map((line) => Number(/bytes=(\d+)-$/.exec(line)?.[1] ?? 0));
    expect(starts).toHaveLength(cuts.length + 1);
    // Data in flight when a connection broke may be lost, so each begins where the one before broke off, or earlier.
    for (const [i, cut] of cuts.entries()) {
      expect(starts[i + 1]).toBeGreaterThanOrEqual(starts[i]!);
      expect(starts[i + 1]).toBeLessThanOrEqual(starts[i]! + cut);
    }
    expect(starts.at(-1)).toBeGreaterThan(0);
  });

  test('for good is reported, and a later pull continues from there', async () => {
    server.faults.cuts = [300_000, 0, 0, 0, 0, 0];
    const { code, message } = await failure();
    expect(code).toBe('unreachable');
    expect(message).toMatch(new RegExp(`${server.url}.*(broke|terminated)`));
    expect(installed()).toEqual([]);
    server.faults.cuts = [];
    server.log.length = 0;
    const { size: kept } = statSync(join(place.models, '.partial', 'small', weights));
    await get();
    expect(fetchedOf(`small/${weights}`)).toEqual([
      `CDN /${name}/${weights} ${kept === 0 ? 'whole' : `bytes=${kept}-`}`,
    ]);
    expect(sameAsPublished(weights)).toBe(true);
  });

  test('to a server that knows no ranges begins again', async () => {
    server.faults.noRanges = true;
    server.faults.cuts = [1_000_000];
    await get();
    expect(sameAsPublished(weights)).toBe(true);
  });

  test('before it is answered is tried again; so is a server that is busy', async () => {
    server.faults.statuses = [503, 429, 500];
    await get();
    server.faults.statuses = [503, 503, 503, 503, 503];
    expect((await failure()).message).toMatch(/answers with an error, 503/);
  });
});

test('a process that is killed at random points leaves nothing half-installed, and what it had is used', async () => {
  const puller = fileURLToPath(new URL('puller.ts', import.meta.url));
  const size = statSync(join(published, weights)).size;
  let sent = 0;
  for (let round = 0; round < 3; round++) {
    const until = sent + Math.floor((Math.random() * size) / 6);
    const child = execFile(process.execPath, [puller, server.url, place.models, name]);
    const gone = new Promise((resolve) => child.once('exit', resolve));
    server.onSent = (total) => {
      sent = total;
      if (total >= until) child.kill('SIGKILL');
    };
    await gone;
    expect(installed()).toEqual([]);
  }
  server.onSent = undefined;
  server.log.length = 0;
  const { size: kept } = statSync(join(place.models, '.partial', 'small', weights));
  await get();
  expect(sameAsPublished(weights)).toBe(true);
  expect(fetchedOf(`small/${weights}`)).toEqual([`CDN /${name}/${weights} ${kept === 0 ? 'whole' : `bytes=${kept}-`}`]);
});

describe('several pulls at once', () => {
  test('of one model: one does it, the other waits, says so, and finds it done', async () => {
    const notes: string[] = [];
    const both = await Promise.all([
      get(name, { onNote: (note) => notes.push(note) }),
      get(name, { onNote: (note) => notes.push(note) }),
    ]);
    expect(both.map(({ changed }) => changed).sort()).toEqual([false, true]);
    expect(notes).toEqual(['another process is installing small; waiting for it']);
    expect(fetchedOf(`small/${weights}`)).toHaveLength(1);
  });

  test('of different models do not wait', async () => {
    server.publish('someone/twin', published);
    const notes: string[] = [];
    await Promise.all([get(name), get('someone/twin', { onNote: (note) => notes.push(note) })]);
    expect(installed().sort()).toEqual(['small', 'twin']);
    expect(notes).toEqual([]);
  });

  test('can be interrupted while they wait', async () => {
    const abort = new AbortController();
    const first = get();
    const second = get(name, { signal: abort.signal, onNote: () => abort.abort() });
    await expect(second).rejects.toThrow(/abort/);
    await first;
  });
});
