import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findModel, installedModels, openCheckpoint } from '@retone/checkpoint';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { modelConfig, textConfig } from './configs.ts';
import { errorOf } from './errors.ts';
import { f32, safetensors } from './files.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'retone-test-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
  vi.unstubAllEnvs();
});

/** Files of a checkpoint by their names; `undefined` leaves one out. */
type Files = Record<string, string | Uint8Array | undefined>;

const wholeCheckpoint: Files = {
  'model_config.json': JSON.stringify(modelConfig()),
  'model.safetensors': safetensors({ a: f32([1], [1]) }),
  'text/config.json': JSON.stringify({ encoder: textConfig() }),
  'text/model.safetensors': safetensors({ b: f32([1], [2]) }),
  'text/tokenizer.json': '{"version":"1.0"}',
  'text/tokenizer_config.json': '{"legacy":false}',
};

/** Writes a checkpoint that differs in some of its files, and gives its folder. */
function checkpointFolder(name: string, changes: Files = {}): string {
  const at = join(folder, name);
  for (const [file, content] of Object.entries({ ...wholeCheckpoint, ...changes })) {
    if (content === undefined) continue;
    mkdirSync(join(at, file, '..'), { recursive: true });
    writeFileSync(join(at, file), content);
  }
  return at;
}

describe('opening a checkpoint', () => {
  test('reads its configurations and opens its weight files', () => {
    const checkpoint = openCheckpoint(checkpointFolder('whole'));
    expect(checkpoint.config.model.diffusion.config.depth).toBe(2);
    expect([...checkpoint.file.tensors.keys()]).toEqual(['a']);
    expect(checkpoint.text?.config.num_hidden_layers).toBe(3);
    expect([...checkpoint.text!.file.tensors.keys()]).toEqual(['b']);
    expect(checkpoint.text?.tokenizer).toEqual({ version: '1.0' });
    expect(checkpoint.text?.tokenizerConfig).toEqual({ legacy: false });
    checkpoint.close();
  });

  test("finds the text encoder under the model's name when no folder is named", () => {
    const config = modelConfig();
    delete config.model.conditioning.configs[0].config.subfolder;
    const named = Object.entries(wholeCheckpoint).map(([name, content]) => [
      name.replace('text/', 't5gemma-b-b-ul2/'),
      content,
    ]);
    const checkpoint = openCheckpoint(
      checkpointFolder('by-name', {
        ...Object.fromEntries(Object.keys(wholeCheckpoint).map((name) => [name, undefined])),
        ...Object.fromEntries(named),
        'model_config.json': JSON.stringify(config),
      }),
    );
    expect(checkpoint.text?.config.num_hidden_layers).toBe(3);
    checkpoint.close();
  });

  test('needs no text encoder when no conditioner reads text', () => {
    const config = modelConfig();
    config.model.conditioning.configs.shift();
    config.model.diffusion.cross_attention_cond_ids = [];
    config.model.diffusion.config.cond_token_dim = 0;
    const checkpoint = openCheckpoint(checkpointFolder('wordless', { 'model_config.json': JSON.stringify(config) }));
    expect(checkpoint.text).toBeUndefined();
    checkpoint.close();
  });

  test.each<[what: string, changes: Files, code: string, message: RegExp]>([
    ['no configuration', { 'model_config.json': undefined }, 'not-found', /there is no file .*model_config\.json/],
    [
      'a configuration that is not JSON',
      { 'model_config.json': '{\n  "model_type": diffusion\n}' },
      'bad-config',
      /model_config\.json is not valid JSON: Unexpected token/,
    ],
    [
      'a configuration that is wrong',
      { 'model_config.json': '{}' },
      'bad-config',
      /model_config\.json: model_type is missing; it must be/,
    ],
    ['no weights', { 'model.safetensors': undefined }, 'not-found', /there is no file .*model\.safetensors/],
    [
      'broken weights',
      { 'model.safetensors': 'weights' },
      'not-safetensors',
      /model\.safetensors must have at least .* \(got 7\)/,
    ],
    ['no text encoder', { 'text/config.json': undefined }, 'not-found', /text\/config\.json is missing/],
    [
      'a broken text encoder',
      { 'text/config.json': '{"encoder":{}}' },
      'bad-config',
      /text\/config\.json: hidden_size/,
    ],
    ['no tokenizer', { 'text/tokenizer.json': undefined }, 'not-found', /there is no file .*tokenizer\.json/],
    [
      'no text weights',
      { 'text/model.safetensors': undefined },
      'not-found',
      /there is no file .*text\/model\.safetensors/,
    ],
  ])('%s is a one-line error', (what, changes, code, message) => {
    const at = checkpointFolder(what.replaceAll(' ', '-'), changes);
    const error = errorOf(() => openCheckpoint(at));
    expect(error.code).toBe(code);
    expect(error.message).toMatch(message);
  });

  test.each(['nowhere', 'whole/model.safetensors'])('%s is not a folder', (path) => {
    checkpointFolder('whole');
    const error = errorOf(() => openCheckpoint(join(folder, path)));
    expect(error.code).toBe('not-found');
    expect(error.message).toMatch(/is not a folder with model_config\.json/);
  });
});

describe('installed models', () => {
  let library: string;
  beforeAll(() => {
    library = join(folder, 'library');
    checkpointFolder('library/good');
    checkpointFolder('library/broken', { 'model_config.json': '{\n"model_type":\n"lm"\n}' });
    checkpointFolder('library/not-json', { 'model_config.json': '{\n"model_type": lm\n}' });
    mkdirSync(join(library, 'empty'));
    writeFileSync(join(library, 'notes.txt'), 'not a model');
    vi.stubEnv('RETONE_MODELS', library);
  });
  const inLibrary = () => installedModels().filter((model) => model.folder.startsWith(library));

  test('are those sub-folders that have a configuration', () => {
    expect(
      inLibrary()
        .map(({ name }) => name)
        .sort(),
    ).toEqual(['broken', 'good', 'not-json']);
  });

  test('are described by what their configuration says', () => {
    const bytes = Object.values(wholeCheckpoint).reduce((sum, content) => sum + content!.length, 0);
    expect(inLibrary().find(({ name }) => name === 'good')).toEqual({
      name: 'good',
      folder: join(library, 'good'),
      bytes,
      maxSeconds: 5292032 / 44100,
      objective: 'rf_denoiser',
    });
  });

  test('are listed with their problem when they are broken', () => {
    const problems = Object.fromEntries(inLibrary().map(({ name, problem }) => [name, problem]));
    expect(problems.broken).toMatch(/^.*model_config\.json: model_type must be .* \(got "lm"\)$/);
    expect(problems['not-json']).toMatch(/^.*model_config\.json is not valid JSON: .*$/);
  });

  test('are found by name, and folders by their path', () => {
    expect(findModel('good')).toBe(join(library, 'good'));
    expect(findModel(join(library, 'good'))).toBe(join(library, 'good'));
  });

  test('that are not there are an error that names those that are', () => {
    const error = errorOf(() => findModel('missing'));
    expect(error.code).toBe('not-found');
    expect(error.message).toMatch(/there is no model "missing"; installed: .*good/);
  });

  test.each(['nowhere', 'library/notes.txt'])('may be sought in vain: %s is not a folder', (path) => {
    vi.stubEnv('RETONE_MODELS', join(folder, path));
    expect(inLibrary()).toEqual([]);
    vi.stubEnv('RETONE_MODELS', library);
  });
});
