import { execFile } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openCheckpoint } from '@retone/checkpoint';
import { Hub, HubError, type PullOptions, pull } from '@retone/hub';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { HubServer } from './hub-server.ts';
import { Workplace, withPublishedTextEncoder } from './workplace.ts';

const name = 'someone/small';
const weights = 'model.safetensors';
let place: Workplace;
let server: HubServer;
let published: string;

beforeEach(async () => {
  place = new Workplace();
  server = await HubServer.start();
  published = place.checkpoint('small', undefined, { LICENSE: 'as is', 'README.md': 'read me' });
  server.publish(name, published);
  vi.stubEnv('RETONE_MODELS', place.models);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await server.close();
  place.remove();
});

const get = (model = name, { token, ...options }: Partial<PullOptions> & { token?: string } = {}) => {
  const hub = new Hub(server.url, token === undefined ? undefined : { value: token, source: 'HF_TOKEN' }, {
    firstWaitMs: 1,
  });
  return pull(model, { models: place.models, hub, ...options });
};
const failure = (model?: string, options?: Parameters<typeof get>[1]): Promise<HubError> =>
  get(model, options).then(
    () => Promise.reject(new Error('it was installed')),
    (error) => (error instanceof HubError ? error : Promise.reject(error)),
  );
const installed = () => readdirSync(place.models).filter((entry) => !entry.startsWith('.'));
const folder = () => join(place.models, 'small');
const fetchedOf = (path: string) => server.log.filter((line) => line.startsWith('CDN') && line.includes(path));
const sameAsPublished = (path: string) =>
  readFileSync(join(folder(), path)).equals(readFileSync(join(published, path)));

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
    published = place.checkpoint('other', withPublishedTextEncoder);
    rmSync(join(published, 'text-encoder'), { recursive: true });
    server.publish('someone/other', published);
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

describe('nothing is installed', () => {
  afterEach(() => expect(existsSync(folder())).toBe(false));

  test('of wrong bytes, which are thrown away', async () => {
    server.faults.wrong = [weights];
    const { code, message } = await failure();
    expect(code).toBe('bad-checksum');
    expect(message).toMatch(
      /model\.safetensors of someone\/small does not have the checksum .* sha256 [0-9a-f]{64} instead of/,
    );
    expect(existsSync(join(place.models, '.partial', 'small', weights))).toBe(false);
  });

  test('when the disk is too small, which is found out first', async () => {
    server.faults.announced = { [weights]: 1e16 };
    const { code, message } = await failure();
    expect(code).toBe('disk-full');
    expect(message).toMatch(/1000\d{4}\.\d\d GB are needed on the disk of .*models, which has [\d.]+ .?B left/);
    expect(fetchedOf(name)).toEqual([]);
  });

  test.runIf(existsSync('/dev/full'))('when the disk is full all of a sudden', async () => {
    mkdirSync(join(place.models, '.partial', 'small'), { recursive: true });
    // Every write to this device fails as one to a full disk does.
    symlinkSync('/dev/full', join(place.models, '.partial', 'small', weights));
    const { code, message } = await failure();
    expect(code).toBe('disk-full');
    expect(message).toMatch(/the disk is full: .*model\.safetensors could not be written.*make room and pull again/);
  });

  test('of a gated repository without a token: how to get one', async () => {
    server.publish(name, published, 'gated');
    const { code, message } = await failure();
    expect(code).toBe('gated');
    expect(message).toContain(`accept its licence at ${server.url}/${name}`);
    expect(message).toContain(`${server.url}/settings/tokens`);
    expect(message).toMatch(/read access to public gated repositories.*set HF_TOKEN/);
  });

  test('of a gated repository whose licence the account has not accepted', async () => {
    server.publish(name, published, 'gated');
    server.tokens.set('hf_outsider', { access: [] });
    const { code, message } = await failure(name, { token: 'hf_outsider' });
    expect(code).toBe('gated');
    expect(message).toMatch(
      /the account of the access token from HF_TOKEN has not been given access to someone\/small/,
    );
    expect(message).not.toContain('hf_outsider');
  });

  test('of a gated repository with a token of too narrow a scope', async () => {
    server.publish(name, published, 'gated');
    server.tokens.set('hf_narrow', { access: [name], withoutGated: true });
    const { message } = await failure(name, { token: 'hf_narrow' });
    expect(message).toMatch(/may not read gated repositories.*"Read access to contents of all public gated repos"/);
  });

  test('with a token that was revoked', async () => {
    const { code, message } = await failure(name, { token: 'hf_revoked' });
    expect(code).toBe('bad-token');
    expect(message).toMatch(
      /does not accept the access token from HF_TOKEN: it was revoked, has expired, or is misspelt/,
    );
    expect(message).not.toContain('hf_revoked');
  });

  test('of repositories that are private or not there', async () => {
    server.publish(name, published, 'private');
    expect((await failure()).message).toMatch(/no public repository "someone\/small".*for a private one, set HF_TOKEN/);
    server.tokens.set('hf_reader', { access: [] });
    const { code, message } = await failure('someone/nothing', { token: 'hf_reader' });
    expect([code, message]).toEqual(['not-found', `there is no repository "someone/nothing" at ${server.url}`]);
  });

  test('of a repository that is not a checkpoint, and no bytes are fetched', async () => {
    rmSync(join(published, weights));
    writeFileSync(join(published, 'model.ckpt'), 'pickled');
    server.publish(name, published);
    expect((await failure()).message).toMatch(/someone\/small has no model\.safetensors, .*it has .*model\.ckpt/);
    server.publish(
      name,
      place.checkpoint('strange', (config) => (config.model.diffusion.type = 'unet')),
    );
    expect((await failure()).message).toMatch(
      /Retone cannot run this model: .*diffusion\.type must be "dit" \(got "unet"\)/,
    );
    server.publish(
      name,
      place.checkpoint('hostile', (config) => (config.model.conditioning.configs[0].config.subfolder = '../../up')),
    );
    expect((await failure()).message).toMatch(
      /subfolder must be a path inside the repository \(got "\.\.\/\.\.\/up"\)/,
    );
    expect(fetchedOf(name)).toEqual([]);
  });

  test('of weights that are no safetensors file', async () => {
    writeFileSync(join(published, weights), 'x'.repeat(1000));
    server.publish(name, published);
    expect((await failure()).message).toMatch(/all files are there, but Retone cannot use them: .*model\.safetensors/);
  });

  test.each([
    ['medium2', /"medium2" is none of the published models, which are stable-audio-3-small-music, .*owner\/name/],
    ['a/b/c', /a repository must be owner\/name \(got "a\/b\/c"\)/],
    ['someone/retone-small', /"retone-small" is the model that comes with Retone/],
  ])('of "%s"', async (model, message) => {
    expect((await failure(model)).message).toMatch(message);
  });

  test('from a hub that is not there', async () => {
    const hub = new Hub('http://127.0.0.1:9', undefined, { firstWaitMs: 1 });
    await expect(pull(name, { models: place.models, hub })).rejects.toThrow(
      /http:\/\/127\.0\.0\.1:9 cannot be reached: /,
    );
  });
});

test('a gated repository and its gated text encoder are pulled with a token that may, which the other host never sees', async () => {
  published = place.checkpoint('music', withPublishedTextEncoder);
  rmSync(join(published, 'text-encoder'), { recursive: true });
  const repositories = ['stabilityai/stable-audio-3-small-music', 'google/t5gemma-b-b-ul2'];
  server.publish(repositories[0]!, published, 'gated');
  server.publish(repositories[1]!, place.textEncoder(), 'gated');
  server.tokens.set('hf_half', { access: [repositories[0]!] });
  expect((await failure('stable-audio-3-small-music', { token: 'hf_half' })).message).toMatch(
    /access to google\/t5gemma-b-b-ul2/,
  );
  server.tokens.set('hf_reader', { access: repositories });
  await get('small-music', { token: 'hf_reader' });
  expect(installed()).toEqual(['stable-audio-3-small-music']);
});
