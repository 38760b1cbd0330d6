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

describe('a configuration that is wrong names the key, what it must be, and its value', () => {
  type Config = ReturnType<typeof modelConfig>;
  const encoder = (config: Config) => config.model.pretransform.config.encoder.config;
  const dit = (config: Config) => config.model.diffusion.config;
  test.each<[what: string, breakIt: (config: Config) => void, message: string]>([
    [
      'an unknown conditioner',
      (config) => {
        config.model.conditioning.configs[0].type = 'clap_text';
      },
      'model.conditioning.configs[0].type must be "t5gemma", "number" or "structure" (got "clap_text")',
    ],
    [
      'a conditioner without type',
      (config) => delete config.model.conditioning.configs[1].type,
      'model.conditioning.configs[1].type is missing; it must be "t5gemma", "number" or "structure"',
    ],
    [
      'a condition that no conditioner makes',
      (config) => config.model.diffusion.cross_attention_cond_ids.push('lyrics'),
      'model.diffusion.cross_attention_cond_ids must name only conditions of ["prompt","seconds_total"] (got ["prompt","seconds_total","lyrics"])',
    ],
    [
      'an unknown pretransform',
      (config) => {
        config.model.pretransform.type = 'vae';
      },
      'model.pretransform.type must be "autoencoder" or "spectral" (got "vae")',
    ],
    [
      'an absurd depth',
      (config) => {
        dit(config).depth = 1e9;
      },
      'model.diffusion.config.depth must be at most 512 (got 1000000000)',
    ],
    [
      'a depth of 0',
      (config) => {
        dit(config).depth = 0;
      },
      'model.diffusion.config.depth must be at least 1 (got 0)',
    ],
    [
      'a depth that is text',
      (config) => {
        dit(config).depth = '2';
      },
      'model.diffusion.config.depth must be a number (got "2")',
    ],
    [
      'a depth that is a fraction',
      (config) => {
        dit(config).depth = 2.5;
      },
      'model.diffusion.config.depth must be an integer (got 2.5)',
    ],
    [
      'an absurd width',
      (config) => {
        dit(config).embed_dim = 2 ** 40;
      },
      'model.diffusion.config.embed_dim must be at most 16384 (got 1099511627776)',
    ],
    [
      'a width that the heads do not divide',
      (config) => {
        dit(config).num_heads = 3;
      },
      'model.diffusion.config.embed_dim must be a multiple of num_heads, 3, with at least 32 for each (got 128)',
    ],
    [
      'a prompt without end',
      (config) => {
        config.model.conditioning.configs[0].config.max_length = 1e8;
      },
      'model.conditioning.configs[0].config.max_length must be at most 4096 (got 100000000)',
    ],
    [
      'no levels',
      (config) => {
        encoder(config).c_mults = [];
      },
      'model.pretransform.config.encoder.config.c_mults must have at least 1 item (got [])',
    ],
    [
      'a level without stride',
      (config) => {
        encoder(config).c_mults = [1, 2];
      },
      'model.pretransform.config.encoder.config.strides must have as many items as c_mults, 2 (got [16])',
    ],
    [
      'a factor of 0',
      (config) => {
        dit(config).ff_kwargs = { mult: 0 };
      },
      'model.diffusion.config.ff_kwargs.mult must be greater than 0 (got 0)',
    ],
    [
      'other latents than the autoencoder makes',
      (config) => {
        dit(config).io_channels = 16;
      },
      'model.diffusion.config.io_channels must be 32 (model.io_channels) (got 16)',
    ],
    [
      'a prompt that nothing attends to',
      (config) => {
        dit(config).cond_token_dim = 0;
      },
      'model.diffusion.config.cond_token_dim must be 64 (cond_dim, or none without cross_attention_cond_ids) (got 0)',
    ],
    [
      'half of a head',
      (config) => {
        Object.assign(dit(config), { project_cond_tokens: false, num_heads: 1 });
      },
      'model.diffusion.config.cond_token_dim must be a multiple of the 128 channels of a head and divide embed_dim, 128, without project_cond_tokens (got 64)',
    ],
    [
      'chunks that cut a group',
      (config) => {
        encoder(config).chunk_size = 24;
      },
      'model.pretransform.config.encoder.config.chunk_size must be a multiple of the stride 16 (got 24)',
    ],
    [
      'a ratio that the strides do not make',
      (config) => {
        config.model.pretransform.config.downsampling_ratio = 2048;
      },
      'model.pretransform.config.downsampling_ratio must be 4096 (patch_size times the strides of the encoder) (got 2048)',
    ],
    [
      'positions of another kind',
      (config) => {
        dit(config).use_abs_pos_emb = true;
      },
      'model.diffusion.config.use_abs_pos_emb must be false (got true)',
    ],
    [
      'a feature that is not there',
      (config) => {
        config.model.diffusion.input_concat_ids = ['melody'];
      },
      'model.diffusion.input_concat_ids[0] must be absent (got "melody")',
    ],
    [
      'structure that no conditioner describes',
      (config) => {
        config.model.diffusion.local_add_cond_ids = ['structure'];
        dit(config).local_add_cond_dim = 67;
      },
      'model.diffusion.local_add_cond_ids must not name "structure", which conditioning lacks (got ["structure"])',
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
      'model.diffusion.config.local_add_cond_dim must be 67 (the channels of local_add_cond_ids) (got 66)',
    ],
    [
      'an object in place of a number',
      (config) => {
        config.sample_rate = { hz: 44100 };
      },
      'sample_rate must be a number (got an object)',
    ],
    ['no model', (config) => delete config.model, 'model is missing; it must be an object'],
    [
      'brackets without end',
      (config) => {
        config.model_type = nested;
      },
      'model_type must be "diffusion_cond" or "diffusion_cond_inpaint" (got an array of 1)',
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
      /^model_config\.json: the file must be an object \(got .+\)$/,
    );
    expect(errorOf(() => parseTextConfig(json, 'text/config.json')).message).toMatch(
      /^text\/config\.json: the file (is missing; it )?must be an object/,
    );
  });

  test('a long value is cut short', () => {
    const config = { ...modelConfig(), model_type: 'x'.repeat(10_000) };
    expect(errorOf(() => parseModelConfig(config)).message.length).toBeLessThan(250);
  });

  test('a text encoder of a kind that is not known', () => {
    const { message } = errorOf(() => parseTextConfig({ ...textConfig(), hidden_activation: 'relu' }));
    expect(message).toBe('config.json: hidden_activation must be "gelu_pytorch_tanh" (got "relu")');
  });

  test('a text encoder whose heads contradict each other', () => {
    const { message } = errorOf(() => parseTextConfig({ ...textConfig(), num_key_value_heads: 3 }));
    expect(message).toBe('config.json: num_key_value_heads must be a divisor of num_attention_heads, 2 (got 3)');
  });
});
