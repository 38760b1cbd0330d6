import { Graph, ops, type Value } from '@retone/graph';
import { deviceProblem, devices, halfProblem, isAccelerator, Session } from '@retone/runtime';
import { describe, expect, test } from 'vitest';
import { InferenceSession, Tensor as OnnxTensor } from '../src/doors/onnxruntime.ts';
import { expectClose, noise, tensor } from './tensors.ts';

// Graphs for accelerators: in the form that they are given there, run by the processor; and on a GPU where there is one
// (or a driver that computes on the processor: VK_DRIVER_FILES names it).

/** Results of small graphs of each operator that accelerators get in another form. */
function graph(): Graph {
  const graph = new Graph('test');
  const x = graph.input('x', ['B', 'N', 64]);
  const weight = graph.constant(noise([64, 64], 2).data, [64, 64]);
  const linear = ops.linear(x, weight, graph.constant(noise([64], 3).data, [64]));
  graph.output('linear', linear);
  graph.output('attention', ops.multiHeadAttention(ops.mul(linear, 3), x, ops.mul(x, linear), 8, 0.25));
  const angles = ops.reshape(ops.mul(ops.positions(x, 1), 30), ['N', 1]);
  graph.output('sine', ops.sin(angles));
  graph.output('turned', ops.rotary(x, ops.mul(angles, graph.constant(noise([8], 4).data, [8])), 4));
  return graph;
}

/** Long enough for several blocks of any kernel. */
const x = noise([2, 75, 64]);

async function onProcessor(built: Graph) {
  const session = await Session.create(built);
  const results = await session.run({ x });
  await session.release();
  return results;
}

test('what is written for accelerators computes the same', async () => {
  const expected = await onProcessor(graph());
  const session = await InferenceSession.create(graph().toOnnx({ forAccelerators: true }).bytes);
  const results = await session.run({ x: new OnnxTensor('float32', x.data, [...x.shape]) });
  for (const [name, { data, dims }] of Object.entries(results))
    expectClose({ data: data as Float32Array, shape: dims }, expected[name]!, 5e-5);
});

test('a product in 16-bit floats has their rounding', async () => {
  const build = (linear: (x: Value, weight: Value) => Value) => {
    const graph = new Graph('test');
    graph.output('y', linear(graph.input('x', ['B', 'N', 64]), graph.constant(noise([32, 64], 2).data, [32, 64])));
    return graph;
  };
  const { y: exact } = await onProcessor(build(ops.linear));
  const { y: half } = await onProcessor(build(ops.halfLinear));
  expectClose(half!, exact!, 0.02);
  expect(half!.data.some((value, i) => Math.abs(value - exact!.data[i]!) > 1e-5)).toBe(true);
});

describe('devices', () => {
  test('the processor needs no trial', async () => {
    expect(await deviceProblem('auto')).toBeUndefined();
    expect(await deviceProblem('cpu')).toBeUndefined();
  });

  test('one of another system says which that is, and what there could be', async () => {
    const [device, system] =
      process.platform === 'darwin' ? (['dml', 'Windows'] as const) : (['coreml', 'macOS'] as const);
    expect(await deviceProblem(device)).toMatch(new RegExp(`^it needs ${system}.*; here it could be .*cpu`));
  });

  test.each(devices.filter(isAccelerator))('%s works, or says what it needs', async (device) => {
    const problem = await deviceProblem(device);
    // No problem means that a graph ran on it.
    if (problem !== undefined) expect(problem).toMatch(/^it needs .+; (here it could be|tried here:) ./);
  });
});

const missing = await deviceProblem('webgpu');

describe.skipIf(missing !== undefined)(`on WebGPU${missing ? ` (not here: ${missing})` : ''}`, () => {
  test('operators compute what they do on the processor', async () => {
    const expected = await onProcessor(graph());
    const session = await Session.create(graph(), { device: 'webgpu' });
    const results = await session.run({ x });
    await session.release();
    expect(Object.keys(results)).toEqual(Object.keys(expected));
    // Sines may be off by 2^-11 there.
    for (const [name, result] of Object.entries(results))
      expectClose(result, expected[name]!, name === 'sine' || name === 'turned' ? 2e-3 : 5e-5);
  });

  test('products in 16-bit floats are close, or refused with a reason', async (context) => {
    const problem = await halfProblem('webgpu');
    if (problem !== undefined) return context.skip(problem);
    const half = new Graph('test');
    const weight = tensor([16, 1024], (o, i) => Math.sin(o * 31 + i) / 16);
    half.output('y', ops.halfLinear(half.input('x', ['N', 1024]), half.constant(weight.data, [16, 1024])));
    const input = noise([70, 1024], 5);
    const [device, processor] = await Promise.all([Session.create(half, { device: 'webgpu' }), Session.create(half)]);
    // Added up in 16 bits as well.
    expectClose((await device.run({ x: input })).y!, (await processor.run({ x: input })).y!, 0.05);
  });
});
