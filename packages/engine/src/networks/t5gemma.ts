import { type TextEncoderConfig, type Weight, type Weights, weightRows } from '@retone/checkpoint';
import { dims, Graph, ops, type Value } from '@retone/graph';
import type { Tensor } from '@retone/runtime';
import { type Backend, type Running, Scope } from '../backends/backend.ts';
import { exactBackend } from '../backends/exact.ts';
import { repeatHeads, rotaryAngles } from './attention.ts';
import { linear } from './layers.ts';

export interface TextEncoderOptions {
  backend?: Backend;
  /** Apply the configuration's soft cap to attention scores. Off by default: the reference's kernel ignores it. */
  softCap?: boolean;
  probes?: boolean;
}

/** The encoder of a T5Gemma model (spec, section 4; Hugging Face's T5Gemma). */
export class TextEncoder {
  readonly width: number;
  readonly #session: Running;
  readonly #embeddings: Weight;

  private constructor(width: number, session: Running, embeddings: Weight) {
    this.width = width;
    this.#session = session;
    this.#embeddings = embeddings;
  }

  static async load(
    config: TextEncoderConfig,
    weights: Weights,
    options: TextEncoderOptions = {},
  ): Promise<TextEncoder> {
    const { hidden_size: width, vocab_size: vocabulary } = config;
    const { backend = exactBackend(), softCap = false, probes = false } = options;
    // The table is by far the largest tensor; its rows are read from the file as they are needed.
    const embeddings = weights.get('encoder.embed_tokens.weight', [vocabulary, width]);
    const { 'text-encoder': encoder } = await backend.open(weights, {
      'text-encoder': () => encoderGraph(config, weights, { backend, softCap, probes }),
    });
    return new TextEncoder(width, encoder, embeddings);
  }

  /**
   * Encodes token ids. Keys at and beyond `validCount` are masked; encoding the valid tokens alone gives the same rows.
   *
   * @returns `last_hidden_state` [1, ids, width], and probed values under their names
   */
  async run(ids: ArrayLike<number>, validCount = ids.length): Promise<Record<string, Tensor>> {
    const { width } = this;
    const embedded = { data: new Float32Array(ids.length * width), shape: [1, ids.length, width] };
    const scale = Math.fround(Math.sqrt(width));
    for (let i = 0; i < ids.length; i++) {
      embedded.data.set(
        weightRows(this.#embeddings, ids[i]!, 1).map((value) => value * scale),
        i * width,
      );
    }
    const bias = new Float32Array(ids.length).fill(-3e38, validCount);
    const outputs = await this.#session.run({ embedded, key_bias: { data: bias, shape: [1, 1, 1, ids.length] } });
    return { ...outputs, embedded };
  }

  async release(): Promise<void> {
    await this.#session.release();
  }
}

function encoderGraph(config: TextEncoderConfig, weights: Weights, options: Required<TextEncoderOptions>): Graph {
  const { hidden_size: width, rms_norm_eps: epsilon } = config;
  const graph = new Graph('text-encoder', options);
  const scope = new Scope(graph, weights, 'encoder', options.backend);
  const norm = (at: Scope, y: Value) => ops.rmsNorm(y, ops.add(at.weight('weight', [width]), 1), epsilon);

  let x = graph.input('embedded', [1, 'N', width]);
  const keyBias = graph.input('key_bias', [1, 1, 1, 'N']);
  const base = config.rope_parameters?.rope_theta ?? config.rope_theta ?? 10000;
  const angles = rotaryAngles(scope.at('rotary_emb'), x, { axis: 1, channels: config.head_dim, base });
  const cap = options.softCap ? (config.attn_logit_softcapping ?? undefined) : undefined;
  for (let i = 0; i < config.num_hidden_layers; i++) {
    const layer = scope.at(`layers.${i}`);
    const y = norm(layer.at('pre_self_attn_layernorm'), x);
    const attended = attention(layer.at('self_attn'), y, config, { angles, keyBias, cap });
    graph.probe(`layer_${i}_attention`, attended);
    x = ops.add(x, norm(layer.at('post_self_attn_layernorm'), attended));
    const forwarded = feedForward(layer.at('mlp'), norm(layer.at('pre_feedforward_layernorm'), x), config);
    graph.probe(`layer_${i}_mlp`, forwarded);
    x = ops.add(x, norm(layer.at('post_feedforward_layernorm'), forwarded));
    graph.probe(`layer_${i}`, x);
  }
  graph.output('last_hidden_state', norm(scope.at('norm'), x));
  return graph;
}

interface AttentionInputs {
  /** [N, head_dim / 2]. */
  angles: Value;
  /** [1, 1, 1, N]: added to the scores. */
  keyBias: Value;
  /** Soft cap of the scores: `cap * tanh(scores / cap)`. */
  cap: number | undefined;
}

/** Bidirectional attention with a bias per key; there may be fewer key heads than query heads. x [1, N, width]. */
function attention(
  scope: Scope,
  x: Value,
  config: TextEncoderConfig,
  { angles, keyBias, cap }: AttentionInputs,
): Value {
  const { hidden_size: width, num_attention_heads: heads, num_key_value_heads: keyHeads, head_dim: headWidth } = config;
  const [, n] = dims(x, 3);
  const project = (name: string, count: number) => linear(scope.at(name), x, count * headWidth);
  const repeated = (y: Value) => repeatHeads(y, headWidth, heads / keyHeads);
  const perHead = (y: Value) => ops.transpose(ops.reshape(y, [1, n, heads, headWidth]), [0, 2, 1, 3]);

  const q = perHead(ops.rotary(project('q_proj', heads), angles, heads)); // [1, heads, N, headWidth]
  const k = perHead(repeated(ops.rotary(project('k_proj', keyHeads), angles, keyHeads)));
  const v = perHead(repeated(project('v_proj', keyHeads)));
  let scores = ops.mul(ops.matmul(q, ops.transpose(k, [0, 1, 3, 2])), config.query_pre_attn_scalar ** -0.5); // [1, heads, N, N]
  if (cap) scores = ops.mul(ops.tanh(ops.div(scores, cap)), cap);
  const attended = ops.matmul(ops.softmax(ops.add(scores, keyBias)), v);
  const joined = ops.reshape(ops.transpose(attended, [0, 2, 1, 3]), [1, n, heads * headWidth]);
  return linear(scope.at('o_proj'), joined, width);
}

/** `down(gelu(gate) * up)`. x [1, N, width]. */
function feedForward(scope: Scope, x: Value, config: TextEncoderConfig): Value {
  const { hidden_size: width, intermediate_size: inner } = config;
  const gate = ops.gelu(linear(scope.at('gate_proj'), x, inner));
  return linear(scope.at('down_proj'), ops.mul(gate, linear(scope.at('up_proj'), x, inner)), width);
}
