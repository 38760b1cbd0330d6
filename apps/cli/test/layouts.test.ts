import { cpSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { SafetensorsFile, writeSafetensors } from '@retone/checkpoint';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fixturesMissing, tinySmall } from '../../../packages/engine/fixtures/fixtures.ts';
import { riff, Workplace } from './retone.ts';

// Models in the layouts in which other programs and places keep them.

let place: Workplace;
beforeAll(() => {
  place = new Workplace();
});
afterAll(() => place.remove());

/** Makes a file of the workplace, with the folders that it is in. */
function file(path: string, content: string | Uint8Array): void {
  mkdirSync(join(place.path(path), '..'), { recursive: true });
  writeFileSync(place.path(path), content);
}

const stableAudioOpen = {
  model_type: 'diffusion_cond',
  sample_rate: 44100,
  sample_size: 2097152,
  model: { pretransform: { type: 'autoencoder', config: { encoder: { type: 'oobleck' } } } },
};
const page = '<!DOCTYPE html>\n<html><head><title>Log in</title></head></html>';

describe('what is not a model in Stable Audio 3 layout is named, with what to do', () => {
  beforeAll(() => {
    file('diffusers/model_index.json', '{"_class_name": "StableAudioPipeline"}');
    file('diffusers/transformer/config.json', '{}');
    file('cache/models--stabilityai--stable-audio-3-medium/blobs/x', '');
    file('home/hub/models--stabilityai--stable-audio-3-medium/blobs/x', '');
    file('pickled/model.ckpt', 'PK\x03\x04');
    file('comfy/sa3_medium.safetensors', 'x');
    file('inner/small/model_config.json', '{}');
    file('open/model_config.json', JSON.stringify(stableAudioOpen));
    file('open/model.safetensors', '');
    file('transformers/config.json', '{}');
    file('text.txt', 'x');
    file('page/model_config.json', page);
    for (const [name, weights] of Object.entries({
      'page-weights': page,
      'lfs-weights': 'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 5\n',
      'zip-weights': 'PK\x03\x04............',
      'error-weights': '{"error": "Invalid username or password."}',
    })) {
      cpSync(join(import.meta.dirname, '../../../models/retone-small'), place.path(name), { recursive: true });
      file(`${name}/model.safetensors`, weights);
    }
    cpSync(place.path('zip-weights'), place.path('no-weights'), { recursive: true });
    rmSync(place.path('no-weights/model.safetensors'));
    file('no-weights/model.ckpt', 'PK');
  });

  test.each([
    ['diffusers', /diffusers has the layout of diffusers \(model_index\.json\); .*retone models pull/],
    ['cache', /cache is Hugging Face's cache; give one of its models: \S*models--stabilityai--stable-audio-3-medium/],
    [
      'home',
      /home is Hugging Face's cache; give one of its models: \S*hub\/models--stabilityai--stable-audio-3-medium/,
    ],
    ['cache/models--stabilityai--stable-audio-3-medium', /has no whole snapshot of main/],
    ['pickled', /pickled has model\.ckpt, a pickle, which can run code/],
    ['pickled/model.ckpt', /model\.ckpt is a zip archive, as PyTorch writes pickles, .*model_config\.json/],
    ['comfy', /comfy has weights and no model_config\.json/],
    ['comfy/sa3_medium.safetensors', /is a single file, as ComfyUI takes them, .*retone models pull/],
    ['inner', /the model is in a folder of \S*inner; give \S*inner\/small/],
    ['open', /open\/model_config\.json is a model of Stable Audio Open .*oobleck.*Retone runs Stable Audio 3/],
    ['open/model.safetensors', /is a file of a model; give its folder/],
    ['transformers', /transformers is not a model; Retone reads a folder with/],
    ['text.txt', /text\.txt is a file; Retone reads a folder with/],
    ['page', /page\/model_config\.json is a web page, perhaps of a login or a captive portal/],
    ['page-weights', /model\.safetensors is a web page/],
    ['lfs-weights', /model\.safetensors is a pointer of Git LFS/],
    ['zip-weights', /model\.safetensors is a zip archive/],
    ['error-weights', /model\.safetensors is a server's error message/],
    ['no-weights', /there is no file \S*model\.safetensors; model\.ckpt is a pickle/],
    ['nothing', /there is no model "nothing"; installed: .*retone-small/],
  ])('%s', async (model, message) => {
    const { code, stderr } = await place.retone('transform', riff, '-p', 'x', '-m', model);
    expect(stderr).toMatch(message);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    expect(code).toBe(1);
  });

  test.each(['diffusers', 'comfy', 'cache', 'open'])('models add %s', async (folder) => {
    const { code, stderr } = await place.retone('models', 'add', folder);
    expect(stderr).toMatch(/diffusers|no model_config\.json|Hugging Face's cache|Stable Audio Open/);
    expect(code).toBe(1);
  });
});

describe.skipIf(fixturesMissing)('the same model', () => {
  const args = ['generate', '-p', 'rain', '-d', '1', '--steps', '1', '--seed', '1', '--precision', 'exact'];
  const make = async (model: string) => {
    const outcome = await place.retone(...args, '-m', model, '-o', 'x.wav', '--overwrite');
    expect(outcome).toMatchObject({ code: 0, stderr: '' });
    return readFileSync(place.path('x.wav'));
  };

  test('in shards gives the same bytes; a shard that is missing is named; models add takes all', async () => {
    const whole = await make(tinySmall);
    cpSync(tinySmall, place.path('sharded'), { recursive: true });
    const weights = SafetensorsFile.open(join(tinySmall, 'model.safetensors'));
    const map: Record<string, string> = {};
    const shards: Parameters<typeof writeSafetensors>[1][number][][] = [[], [], []];
    for (const [i, entry] of [...weights.tensors.values()].entries()) {
      shards[i % 3]!.push({ ...entry, bytes: () => weights.read(entry) });
      map[entry.name] = `model-0000${(i % 3) + 1}-of-00003.safetensors`;
    }
    for (const [i, tensors] of shards.entries())
      await writeSafetensors(place.path(`sharded/model-0000${i + 1}-of-00003.safetensors`), tensors);
    weights.close();
    rmSync(place.path('sharded/model.safetensors'));
    file('sharded/model.safetensors.index.json', JSON.stringify({ metadata: {}, weight_map: map }));
    expect((await make('sharded')).equals(whole)).toBe(true);

    const models = { RETONE_MODELS: place.path('models') };
    const added = await place.retoneWith(models, 'models', 'add', 'sharded');
    expect(added.stderr).toBe('');
    const made = await place.retoneWith(models, ...args, '-m', 'sharded', '-o', 'y.wav');
    expect(made.code).toBe(0);
    expect(readFileSync(place.path('y.wav')).equals(whole)).toBe(true);

    renameSync(place.path('sharded/model-00002-of-00003.safetensors'), place.path('gone'));
    const { stderr } = await place.retone(...args, '-m', 'sharded');
    expect(stderr).toMatch(/there is no file \S*sharded\/model-00002-of-00003\.safetensors/);
  });

  test("in Hugging Face's cache is found by its repository's folder", async () => {
    const repository = 'hub/models--stabilityai--small';
    file(`${repository}/refs/main`, 'abc123');
    mkdirSync(place.path(`${repository}/snapshots`));
    symlinkSync(tinySmall, place.path(`${repository}/snapshots/abc123`));
    expect((await make(repository)).equals(await make(tinySmall))).toBe(true);
    const models = { RETONE_MODELS: place.path('cached') };
    const added = await place.retoneWith(models, 'models', 'add', repository, '--json');
    expect(JSON.parse(added.stdout)).toMatchObject({ name: 'small', changed: true });
  });
});

describe('pulling where the hub is not asked', () => {
  let portal: Server;
  let asked = 0;
  let url: string;
  beforeAll(async () => {
    portal = createServer((request, response) => {
      asked++;
      response.setHeader('content-type', request.url!.includes('typeless') ? 'application/json' : 'text/html');
      response.end(page);
    });
    await new Promise<void>((resolve) => portal.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(portal.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    portal.closeAllConnections();
    portal.close();
  });

  test.each(['someone/small', 'someone/typeless'])(
    'a page of a captive portal is not taken for an answer (%s)',
    async (model) => {
      const environment = { HF_ENDPOINT: url, HF_HUB_OFFLINE: '', RETONE_MODELS: place.path('models') };
      const { code, stderr } = await place.retoneWith(environment, 'models', 'pull', model);
      expect(stderr).toMatch(
        /a web page came that is not the hub's answer from http:\/\/127\.0\.0\.1:\d+; a captive portal/,
      );
      expect(code).toBe(1);
    },
  );

  test.each(['1', 'true', 'YES', 'on'])('HF_HUB_OFFLINE=%s keeps it from asking', async (value) => {
    const before = asked;
    const environment = { HF_ENDPOINT: url, HF_HUB_OFFLINE: value, RETONE_MODELS: place.path('models') };
    const { code, stderr } = await place.retoneWith(environment, 'models', 'pull', 'someone/small');
    expect(stderr).toMatch(/HF_HUB_OFFLINE is set, so nothing is fetched; unset it to pull a model/);
    expect(code).toBe(1);
    expect(asked).toBe(before);
  });
});
