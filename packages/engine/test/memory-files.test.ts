import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { loadModel, MemoryFiles, type ModelOptions, textToAudio } from '@retone/engine';
import { describe, expect, test } from 'vitest';
import { fixturesMissing, tinySmall } from '../fixtures/fixtures.ts';

// Models whose files are in memory, as a browser has them: the same results as from the disk.

describe.skipIf(fixturesMissing)('a model in memory', () => {
  const files = new MemoryFiles(
    readdirSync(tinySmall, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => join(parentPath, name))
      .map((path) => [`tiny/${relative(tinySmall, path)}`, readFileSync(path)]),
  );
  const sound = async (folder: string, options: ModelOptions) => {
    const model = await loadModel(folder, options);
    const { data } = await textToAudio(model, { prompt: 'a warm pad', seconds: 1, seed: 3, steps: 2 });
    await model.release();
    return data;
  };

  test('gives the same sound as on the disk', async () => {
    expect(await sound('tiny', { files })).toEqual(await sound(tinySmall, {}));
  });

  test('takes adapters from memory too', async () => {
    const adapted = (folder: string, options: ModelOptions) =>
      sound(folder, { ...options, adapters: [{ path: `${folder}/lora/lora.safetensors`, strength: 0.7 }] });
    expect(await adapted('tiny', { files })).toEqual(await adapted(tinySmall, {}));
  });

  test('is computed exactly whatever is asked for, and says so', async () => {
    const messages: string[] = [];
    await sound('tiny', { files, precision: 'fast', onFallback: (message) => messages.push(message) });
    expect(messages).toEqual([expect.stringMatching(/so the precision is exact and not fast$/)]);
  });

  test('names the file that is missing', async () => {
    await expect(loadModel('elsewhere', { files })).rejects.toThrow('elsewhere is not a folder with model_config.json');
    const some = new MemoryFiles([['tiny/model_config.json', readFileSync(`${tinySmall}/model_config.json`)]]);
    await expect(loadModel('tiny', { files: some })).rejects.toThrow('there is no file tiny/model.safetensors');
  });
});
