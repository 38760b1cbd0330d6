import { Weights } from '@retone/checkpoint';
import { exactBackend } from '../src/backends/exact.ts';
import { TextEncoder } from '../src/networks/t5gemma.ts';
import type { Case } from './fixture.ts';
import type { Parts } from './parts.ts';
import { type Results, stack, vector } from './tensors.ts';

// Tokens, text encoder and conditioners.

export async function tokenizer(parts: Parts, { params }: Case): Promise<Results> {
  const { tokenizer, maxLength } = await parts.promptParts();
  const { ids } = tokenizer.encode(params.prompt, maxLength);
  return {
    input_ids: vector(Array.from({ length: maxLength }, (_, i) => ids[i] ?? 0)),
    attention_mask: vector(Array.from({ length: maxLength }, (_, i) => (i < ids.length ? 1 : 0))),
  };
}

export async function textEncoder(parts: Parts, each: Case): Promise<Results> {
  const { text } = await parts.checkpoint();
  const load = (softCap: boolean) => {
    return parts.once(`encoder ${softCap}`, () =>
      TextEncoder.load(text!.config, new Weights(text!.file), {
        backend: exactBackend(parts.options),
        softCap,
        probes: true,
      }),
    );
  };
  const prompt = await parts.promptParts();
  const given = parts.fixture.input(each, 'input_ids')?.data;
  const ids = given ?? prompt.tokenizer.encode(each.params.prompt, prompt.maxLength).ids;
  const plain = await (await load(false)).run(ids);
  const capped = await (await load(true)).run(ids);
  return { ...plain, last_hidden_state_softcap: capped.last_hidden_state };
}

export async function promptConditioner(parts: Parts, { params }: Case): Promise<Results> {
  const prompt = await parts.promptParts();
  const { data, mask } = await prompt.rows(params.prompt);
  return {
    embeddings: { data, shape: [mask.length, data.length / mask.length] },
    attention_mask: vector(mask.map(Number)),
  };
}

export async function seconds(parts: Parts, { params }: Case): Promise<Results> {
  const number = await parts.number();
  return {
    features: stack(params.seconds.map((seconds: number) => number.features(seconds))),
    embedding: stack(
      await Promise.all(params.seconds.map(async (seconds: number) => (await number.rows(seconds)).data)),
    ),
  };
}

export async function conditions(parts: Parts, { params, outputs }: Case): Promise<Results> {
  const conditioners = await parts.conditioners();
  const conditioning = {
    ...(await parts.otherConditions(params)),
    prompt: params.prompt ?? params.negative_prompt,
    seconds_total: params.seconds_total ?? params.seconds ?? params.duration,
  };
  const { cross, mask } = await conditioners.cross(conditioning);
  const rows = vector(mask.map(Number));
  if ('negative_cross_attn_cond' in outputs) return { negative_cross_attn_cond: cross, negative_cross_attn_mask: rows };
  return { cross_attn_cond: cross, global_cond: await conditioners.global(conditioning), cross_attn_mask: rows };
}
