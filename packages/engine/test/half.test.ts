import { findModel, SafetensorsFile, Weights } from '@retone/checkpoint';
import { Graph, ops, type Value } from '@retone/graph';
import { deviceProblem, halfProblem, type Tensor } from '@retone/runtime';
import { afterAll, describe, expect, test } from 'vitest';
import { f32, safetensors, TestFolder } from '../../checkpoint/test/files.ts';
import { fixture, present } from '../fixtures/fixtures.ts';
import { type Backend, Scope } from '../src/backends/backend.ts';
import { halfBackend } from '../src/backends/half.ts';
import { isReduced } from '../src/backends/quantise.ts';
import { relativeError } from '../src/fidelity.ts';
import { generate } from '../src/generate.ts';
import { type LoadHooks, loadModel, type ModelOptions } from '../src/load.ts';
import { made, spectra } from './fidelity.ts';
import { meanDifference } from './log-mel.ts';

// Error of 16-bit floats, on the processor and on a GPU where there is one. In float32, a GPU computes what the
// processor does.

const noGpu = await deviceProblem('webgpu');
const noHalves = noGpu ?? (await halfProblem('webgpu'));

/** A driver that computes on the processor compiles slowly. */
const limit = { timeout: 120_000 };
const fast = { precision: 'fast' } as const;

/** x rounded to the 11 bits of a 16-bit float, in 32-bit arithmetic (Veltkamp's splitting). */
function rounded(x: Value): Value {
  const scaled = ops.mul(x, 2 ** 13 + 1);
  return ops.sub(scaled, ops.sub(scaled, x));
}

/**
 * On the processor ONNX Runtime leaves out conversions to 16 bits and back, so that only weights are rounded. This rounds
 * inputs and results as well, as a GPU does that adds up in 32 bits.
 */
const roundingBackend: Backend = {
  ...halfBackend(fast),
  linear(scope, x, out, parts) {
    const { linear } = halfBackend(fast);
    if (!isReduced(scope, 'fast')) return linear(scope, x, out, parts);
    return linear(scope, rounded(x), out, parts).map(rounded);
  },
};

const half = [
  { where: 'the processor', options: { backend: roundingBackend }, missing: undefined },
  { where: 'WebGPU', options: { ...fast, device: 'webgpu' }, missing: noHalves },
] satisfies { where: string; options: ModelOptions & LoadHooks; missing: string | undefined }[];

/** Outputs of each part of a model, latents after eight steps. */
async function stages(folder: string, options: ModelOptions & LoadHooks): Promise<Record<string, Float32Array>> {
  const model = await loadModel(folder, { ...options, onFallback: expect.unreachable });
  const seconds = 1;
  const data = Float32Array.from(
    { length: model.audioChannels * seconds * model.sampleRate },
    (_, i) => 0.4 * Math.sin(0.03 * i) * Math.exp(-(i % 11025) / 4000),
  );
  const source = { data, shape: [model.audioChannels, seconds * model.sampleRate] };
  const prompt = 'a bowed cello in a cathedral';
  const copy = ({ data }: Pick<Tensor, 'data'>) => Float32Array.from(data);
  const text = copy(await model.conditioners.rows('prompt', prompt));
  const encoded = await model.pretransform.encode(source);
  const decoded = copy(await model.pretransform.decode(encoded));
  let latents = new Float32Array();
  await generate(model, {
    source,
    initNoiseLevel: 0.9,
    seconds,
    prompt,
    seed: 1,
    steps: 8,
    inspect(name, value) {
      if (name === 'latents') latents = copy(value);
    },
  });
  await model.release();
  return { text, encoded: copy(encoded), decoded, latents };
}

function errors(results: Record<string, Float32Array>, exact: Record<string, Float32Array>) {
  return Object.fromEntries(Object.entries(results).map(([part, data]) => [part, relativeError(data, exact[part]!)]));
}

describe.each(present(['tiny-small', 'tiny-medium', 'tiny-base']))('%s', (name) => {
  const folder = fixture(name);
  const exact = stages(folder, {});

  test('on WebGPU in float32, every part makes the same', limit, async (context) => {
    if (noGpu) return context.skip(noGpu);
    const found = errors(await stages(folder, { device: 'webgpu' }), await exact);
    for (const [part, error] of Object.entries(found)) expect(error, part).toBeLessThan(2e-4);
  });

  test.for(half)('in 16-bit floats on $where, every part stays within 2 %', limit, async (each, context) => {
    if (each.missing) return context.skip(each.missing);
    const found = errors(await stages(folder, each.options), await exact);
    for (const [part, error] of Object.entries(found)) {
      expect(error, part).toBeLessThan(0.02);
      // A nearly equal result was not rounded.
      expect(error, part).toBeGreaterThan(1e-5);
    }
  });
});

test.for(half)('in 16-bit floats on $where, the built-in model sounds the same', limit, async (each, context) => {
  if (each.missing) return context.skip(each.missing);
  const exact = await loadModel(findModel());
  const model = await loadModel(findModel(), each.options);
  for (const index of [0, 3]) {
    const [expected, result] = [await made(exact, index), await made(model, index)];
    const error = relativeError(result.latents.data, expected.latents.data);
    expect(error).toBeLessThan(0.01);
    expect(error).toBeGreaterThan(1e-5);
    const [heard, reference] = [spectra(model, result), spectra(exact, expected)];
    expect(meanDifference(heard.decoded, reference.decoded)).toBeLessThan(0.1);
  }
  await exact.release();
  await model.release();
});

describe('beyond the range of 16-bit floats', () => {
  const folder = new TestFolder();
  afterAll(() => folder.remove());
  const inner = 256;
  const place = 'layers.0.self_attn.to_out';

  /** A layer of weights of this size, applied to rows of very different size: 1e7 to 1e-7. */
  async function apply(size: number, options: Parameters<typeof halfBackend>[0]) {
    const values = Float32Array.from({ length: inner * inner }, (_, i) => size * Math.sin(i * i));
    const file = SafetensorsFile.open(folder.write(safetensors({ [`${place}.weight`]: f32([inner, inner], values) })));
    const weights = new Weights(file);
    const backend = halfBackend(options);
    const graph = new Graph('test');
    const x = graph.input('x', [1, 'N', inner]);
    graph.output('y', backend.linear(new Scope(graph, weights, place, backend), x, inner, 1)[0]!);
    const { layer } = await backend.open(weights, { layer: () => graph });
    const rows = Float32Array.from({ length: 16 * inner }, (_, i) => 10 ** (7 - Math.floor(i / inner)) * Math.cos(i));
    const { y } = await layer.run({ x: { data: rows, shape: [1, 16, inner] } });
    await layer.release();
    file.close();
    const expected = rows.map((_, at) => {
      const [row, out] = [Math.floor(at / inner), at % inner];
      let sum = 0;
      for (let i = 0; i < inner; i++) sum += rows[row * inner + i]! * values[out * inner + i]!;
      return sum;
    });
    return Array.from({ length: 16 }, (_, row) => {
      const part = [row * inner, (row + 1) * inner] as const;
      return relativeError(y!.data.slice(...part), expected.slice(...part));
    });
  }

  test.for(half)('large and small inputs keep their precision on $where', async ({ options, missing }, context) => {
    if (missing) return context.skip(missing);
    const device = 'device' in options ? options.device : 'cpu';
    for (const error of await apply(0.02, { ...fast, device })) expect(error).toBeLessThan(0.01);
  });

  test('a layer of large weights stays in 32 bits, which is said', async () => {
    const messages: string[] = [];
    for (const error of await apply(1e6, { ...fast, onFallback: (message) => messages.push(message) }))
      expect(error).toBeLessThan(1e-5);
    expect(messages).toEqual([`${place} has weights too large for 16-bit floats and is computed in 32`]);
  });
});

test('a device without 16-bit floats, or none, is said', limit, async () => {
  const messages: string[] = [];
  const options = { ...fast, device: 'webgpu', onFallback: (message: string) => messages.push(message) } as const;
  const model = await loadModel(findModel(), options);
  await model.release();
  if (noGpu) expect(messages[0]).toMatch(/^the device "webgpu" cannot be used, so the processor is: it needs a GPU/);
  else if (noHalves) expect(messages).toEqual([expect.stringMatching(/cannot multiply 16-bit .* exact and not fast$/)]);
  else expect(messages).toEqual([]);
  expect(model.precision).toBe(!noGpu && noHalves ? 'exact' : 'fast');
});
