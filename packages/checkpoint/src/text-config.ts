import { z } from 'zod';
import { count, layers, positive, width } from './config.ts';

export const textEncoder = z.looseObject({
  hidden_size: width,
  intermediate_size: width,
  num_hidden_layers: layers,
  num_attention_heads: width,
  num_key_value_heads: width,
  head_dim: width,
  vocab_size: count,
  rms_norm_eps: positive.default(1e-6),
  query_pre_attn_scalar: positive,
  attn_logit_softcapping: positive.nullish(),
  hidden_activation: z.literal('gelu_pytorch_tanh').default('gelu_pytorch_tanh'),
  rope_theta: positive.optional(),
  rope_scaling: z.null().optional(),
  rope_parameters: z
    .looseObject({ rope_theta: positive, rope_type: z.literal('default').default('default') })
    .nullish(),
  sliding_window: count.nullish(),
});

/** `config.json` of a T5Gemma model: the encoder's part of it, or an encoder-only file. */
export type TextEncoderConfig = z.infer<typeof textEncoder>;

const wordList = z.array(z.string().min(1));

export const words = z.strictObject({
  known: wordList,
  ignored: wordList.default([]),
  nearest: z.record(z.string().min(1), wordList).default({}),
  phrases: wordList.default([]),
  negatable: wordList.default([]),
  tempo: z.record(z.string().min(1), z.tuple([z.number(), z.number()])).optional(),
});

/**
 * `words.json` of a model that was trained on captions of few words; all in lower case.
 *
 * `known`: the words of those captions. `ignored`: words that say nothing about sound. `nearest`: other words under the phrase of
 * known words that comes nearest. `phrases`: phrases that begin with a negation and were learnt as they are ("no reverb").
 * `negatable`: what the model has learnt to leave out after "no" and "without". `tempo`: phrases for numbers of beats a minute
 * from the first to below the second, of a model that has not learnt such numbers.
 */
export type Words = z.infer<typeof words>;
