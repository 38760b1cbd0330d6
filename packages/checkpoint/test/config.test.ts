import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseModelConfig, parseTextConfig } from '@retone/checkpoint';
import { describe, expect, test } from 'vitest';
import { fixture, present } from '../../engine/fixtures/fixtures.ts';
import { modelConfig, textConfig } from './configs.ts';
import { errorOf } from './errors.ts';

const read = (path: string) => JSON.parse(readFileSync(path, 'utf8'));

describe('the configurations of the recorded fixtures', () => {
  test.each(
    present([
      ['tiny-small', 'rf_denoiser', 32, 't5gemma-b-b-ul2'],
      ['tiny-medium', 'rf_denoiser', 24, 't5gemma-b-b-ul2'],
      ['tiny-base', 'rectified_flow', 16, 't5gemma'],
    ] as const),
  )('%s', (name, objective, latents, text) => {
    const { model } = parseModelConfig(read(join(fixture(name), 'model_config.json')));
    expect(model.diffusion.diffusion_objective).toBe(objective);
    expect(model.pretransform.config.latent_dim).toBe(latents);
    expect(parseTextConfig(read(join(fixture(name), text, 'config.json'))).num_hidden_layers).toBeGreaterThan(0);
  });
});

describe('a configuration that is right', () => {
  test('gets the defaults of the reference', () => {
    const { audio_channels, model } = parseModelConfig(modelConfig());
    expect(audio_channels).toBe(2);
    expect(model.diffusion.config).toMatchObject({
      norm_type: 'layer_norm',
      attn_kwargs: { qk_norm: 'none', differential: false },
      ff_kwargs: { mult: 4, sinusoidal: false },
    });
    expect(model.pretransform).toMatchObject({ scale: 1, chunked: false });
  });

  test('may have keys that only training reads', () => {
    const config = { ...modelConfig(), training: { learning_rate: 1e-4 } };
    expect(parseModelConfig(config)).toMatchObject({ sample_rate: 44100 });
  });

  test.each([
    [null, undefined],
    [{ max_shift: 2 }, { type: 'full', base_shift: 0.5, max_shift: 2, use_sine: false }],
    [{ type: 'logsnr' }, { type: 'logsnr', rate: 1, anchor_length: 2000 }],
  ])('has the shift %j', (given, shift) => {
    const config = modelConfig();
    config.model.diffusion.sampling_distribution_shift_options = given;
    const { sampling_distribution_shift_options: parsed } = parseModelConfig(config).model.diffusion;
    if (shift) expect(parsed).toMatchObject(shift);
    else expect(parsed).toBeUndefined();
  });

  test("a text encoder's may stand alone or inside the whole model's", () => {
    expect(parseTextConfig({ encoder: textConfig(), decoder: {} })).toEqual(parseTextConfig(textConfig()));
    expect(parseTextConfig(textConfig())).toMatchObject({ rms_norm_eps: 1e-6 });
  });
});

const nested = JSON.parse(`${'['.repeat(50_000)}${']'.repeat(50_000)}`);

describe('a configuration that is wrong names key, value and what is accepted', () => {
  type Config = ReturnType<typeof modelConfig>;
  const encoder = (config: Config) => config.model.pretransform.config.encoder.config;
  const dit = (config: Config) => config.model.diffusion.config;
  test.each<[what: string, breakIt: (config: Config) => void, message: string]>([
    [
      'an unknown conditioner',
      (config) => {
        config.model.conditioning.configs[0].type = 'clap_text';
      },
      'model.conditioning.configs[0].type is "clap_text"; accepted: "t5gemma", "number", "structure"',
    ],
    [
      'a conditioner without type',
      (config) => delete config.model.conditioning.configs[1].type,
      'model.conditioning.configs[1].type is absent; accepted: "t5gemma", "number", "structure"',
    ],
    [
      'a condition that no conditioner makes',
      (config) => config.model.diffusion.cross_attention_cond_ids.push('lyrics'),
      'model.diffusion.cross_attention_cond_ids is ["prompt","seconds_total","lyrics"]; accepted: some of ["prompt","seconds_total"]',
    ],
    [
      'an unknown pretransform',
      (config) => {
        config.model.pretransform.type = 'vae';
      },
      'model.pretransform.type is "vae"; accepted: "autoencoder", "spectral"',
    ],
    [
      'an absurd depth',
      (config) => {
        dit(config).depth = 1e9;
      },
      'model.diffusion.config.depth is 1000000000; accepted: at most 512',
    ],
    [
      'a depth of 0',
      (config) => {
        dit(config).depth = 0;
      },
      'model.diffusion.config.depth is 0; accepted: at least 1',
    ],
    [
      'a depth that is text',
      (config) => {
        dit(config).depth = '2';
      },
      'model.diffusion.config.depth is "2"; accepted: number',
    ],
    [
      'a depth that is a fraction',
      (config) => {
        dit(config).depth = 2.5;
      },
      'model.diffusion.config.depth is 2.5; accepted: int',
    ],
    [
      'an absurd width',
      (config) => {
        dit(config).embed_dim = 2 ** 40;
      },
      'model.diffusion.config.embed_dim is 1099511627776; accepted: at most 16384',
    ],
    [
      'a width that the heads do not divide',
      (config) => {
        dit(config).num_heads = 3;
      },
      'model.diffusion.config.embed_dim is 128; accepted: a multiple of num_heads, 3, with at least 32 for each',
    ],
    [
      'a prompt without end',
      (config) => {
        config.model.conditioning.configs[0].config.max_length = 1e8;
      },
      'model.conditioning.configs[0].config.max_length is 100000000; accepted: at most 4096',
    ],
    [
      'no levels',
      (config) => {
        encoder(config).c_mults = [];
      },
      'model.pretransform.config.encoder.config.c_mults is []; accepted: at least 1 items',
    ],
    [
      'a level without stride',
      (config) => {
        encoder(config).c_mults = [1, 2];
      },
      'model.pretransform.config.encoder.config.strides is [16]; accepted: as many items as c_mults, 2',
    ],
    [
      'a factor of 0',
      (config) => {
        dit(config).ff_kwargs = { mult: 0 };
      },
      'model.diffusion.config.ff_kwargs.mult is 0; accepted: more than 0',
    ],
    [
      'other latents than the autoencoder makes',
      (config) => {
        dit(config).io_channels = 16;
      },
      'model.diffusion.config.io_channels is 16; accepted: 32 (model.io_channels)',
    ],
    [
      'a prompt that nothing attends to',
      (config) => {
        dit(config).cond_token_dim = 0;
      },
      'model.diffusion.config.cond_token_dim is 0; accepted: 64 (cond_dim, or none without cross_attention_cond_ids)',
    ],
    [
      'half of a head',
      (config) => {
        Object.assign(dit(config), { project_cond_tokens: false, num_heads: 1 });
      },
      'model.diffusion.config.cond_token_dim is 64; accepted: without project_cond_tokens, a multiple of the 128 channels of a head that divides embed_dim, 128',
    ],
    [
      'chunks that cut a group',
      (config) => {
        encoder(config).chunk_size = 24;
      },
      'model.pretransform.config.encoder.config.chunk_size is 24; accepted: a multiple of the stride 16',
    ],
    [
      'a ratio that the strides do not make',
      (config) => {
        config.model.pretransform.config.downsampling_ratio = 2048;
      },
      'model.pretransform.config.downsampling_ratio is 2048; accepted: 4096 (patch_size times the strides of the encoder)',
    ],
    [
      'positions of another kind',
      (config) => {
        dit(config).use_abs_pos_emb = true;
      },
      'model.diffusion.config.use_abs_pos_emb is true; accepted: false',
    ],
    [
      'a feature that is not there',
      (config) => {
        config.model.diffusion.input_concat_ids = ['melody'];
      },
      'model.diffusion.input_concat_ids[0] is "melody"; accepted: nothing',
    ],
    [
      'structure that no conditioner describes',
      (config) => {
        config.model.diffusion.local_add_cond_ids = ['structure'];
        dit(config).local_add_cond_dim = 67;
      },
      'model.diffusion.local_add_cond_ids is ["structure"]; accepted: structure only where conditioning has it',
    ],
    [
      'a local condition without room for structure',
      (config) => {
        config.model.diffusion.local_add_cond_ids = ['structure'];
        dit(config).local_add_cond_dim = 66;
        config.model.conditioning.configs.push({
          id: 'structure',
          type: 'structure',
          config: { pitches: 48, lowest_pitch: 36, hop_length: 512, frames_per_latent: 4 },
        });
      },
      'model.diffusion.config.local_add_cond_dim is 66; accepted: 67 (the channels of local_add_cond_ids)',
    ],
    [
      'an object in place of a number',
      (config) => {
        config.sample_rate = { hz: 44100 };
      },
      'sample_rate is an object; accepted: number',
    ],
    ['no model', (config) => delete config.model, 'model is absent; accepted: object'],
    [
      'brackets without end',
      (config) => {
        config.model_type = nested;
      },
      'model_type is an array of 1; accepted: "diffusion_cond", "diffusion_cond_inpaint"',
    ],
  ])('%s', (_, breakIt, message) => {
    const config = modelConfig();
    breakIt(config);
    const error = errorOf(() => parseModelConfig(config));
    expect(error.code).toBe('bad-config');
    expect(error.message).toBe(`model_config.json: ${message}`);
  });

  test.each([null, [], 5, 'text'])('%j in place of a configuration', (json) => {
    expect(errorOf(() => parseModelConfig(json)).message).toMatch(
      /^model_config\.json: the file is .+; accepted: object$/,
    );
    expect(errorOf(() => parseTextConfig(json, 'text/config.json')).message).toMatch(
      /^text\/config\.json: the file is /,
    );
  });

  test('a long value is cut short', () => {
    const config = { ...modelConfig(), model_type: 'x'.repeat(10_000) };
    expect(errorOf(() => parseModelConfig(config)).message.length).toBeLessThan(250);
  });

  test('a text encoder of a kind that is not known', () => {
    const { message } = errorOf(() => parseTextConfig({ ...textConfig(), hidden_activation: 'relu' }));
    expect(message).toBe('config.json: hidden_activation is "relu"; accepted: "gelu_pytorch_tanh"');
  });

  test('a text encoder whose heads contradict each other', () => {
    const { message } = errorOf(() => parseTextConfig({ ...textConfig(), num_key_value_heads: 3 }));
    expect(message).toBe('config.json: num_key_value_heads is 3; accepted: a divisor of num_attention_heads, 2');
  });
});
