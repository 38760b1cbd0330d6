import { existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Hub, pull } from '@retone/hub';
import { afterEach, describe, expect, test } from 'vitest';
import { failure, fetchedOf, folder, get, installed, name, place, published, server, weights } from './pulling.ts';
import { withPublishedTextEncoder } from './workplace.ts';

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
  const music = place.checkpoint('music', withPublishedTextEncoder);
  rmSync(join(music, 'text-encoder'), { recursive: true });
  const repositories = ['stabilityai/stable-audio-3-small-music', 'google/t5gemma-b-b-ul2'];
  server.publish(repositories[0]!, music, 'gated');
  server.publish(repositories[1]!, place.textEncoder(), 'gated');
  server.tokens.set('hf_half', { access: [repositories[0]!] });
  expect((await failure('stable-audio-3-small-music', { token: 'hf_half' })).message).toMatch(
    /access to google\/t5gemma-b-b-ul2/,
  );
  server.tokens.set('hf_reader', { access: repositories });
  await get('small-music', { token: 'hf_reader' });
  expect(installed()).toEqual(['stable-audio-3-small-music']);
});
