import { Graph, ops, type Value } from '@retone/graph';
import { builtDevices } from '#onnxruntime';
import { type Accelerator, type Device, devices, isAccelerator } from './device.ts';
import { Session } from './session.ts';

// Small graphs that show what this machine computes, and whether correctly.

/** Requirements of an accelerator, for messages where it does not work. */
const needs: Record<Accelerator, string> = {
  webgpu: 'it needs a GPU with a driver; on Linux one for Vulkan, and the package libvulkan1',
  cuda: "it needs Linux on x64, an Nvidia GPU, CUDA 12 and ONNX Runtime's libraries for it, which are installed apart",
  coreml: 'it needs macOS',
  dml: 'it needs Windows and a GPU with DirectX 12',
};

/** Tries a device with a small graph. Returns why it cannot be used and what it needs, or undefined. */
export async function deviceProblem(device: Device): Promise<string | undefined> {
  if (!isAccelerator(device)) return undefined;
  const known = builtDevices();
  if (!known.includes(device)) {
    return `${needs[device]}; here it could be ${devices.filter((other) => known.includes(other)).join(', ')}`;
  }
  const problem = await trialProblem(device, (x, matrix) => {
    return ops.multiHeadAttention(ops.linear(x, matrix), x, ops.silu(x), 2, 0.2);
  });
  return problem && `${needs[device]}; tried here: ${problem}`;
}

/** Tries a product in 16-bit floats on a device that works. Returns why it has none, or undefined. */
export function halfProblem(device: Accelerator): Promise<string | undefined> {
  return trialProblem(device, (x, matrix) => ops.halfLinear(x, matrix));
}

const trialShape = [1, 70, 64];
/** Largest rounding error, in 16 bits as well, in relation to the largest result. */
const trialTolerance = 0.02;

/** Why a device cannot compute what the processor does of an input [1, 70, 64] and a matrix [64, 64], or undefined. */
async function trialProblem(
  device: Accelerator,
  build: (x: Value, matrix: Value) => Value,
): Promise<string | undefined> {
  const compute = async (device: Device) => {
    const graph = new Graph('trial');
    const matrix = graph.constant(uneven(64 * 64), [64, 64]);
    graph.output('y', build(graph.input('x', trialShape), matrix));
    const session = await Session.create(graph, { device });
    const { y } = await session.run({ x: { data: uneven(70 * 64), shape: trialShape } });
    await session.release();
    return y!.data;
  };
  try {
    const [found, expected] = [await compute(device), await compute('cpu')];
    const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const wrong = found.some((value, i) => !(Math.abs(value - expected[i]!) <= trialTolerance * largest));
    return wrong ? 'it computes wrongly' : undefined;
  } catch (error) {
    const [line] = (error as Error).message.split('\n');
    return line!.replace(/^.* (was false\.|Status Message: \S+ \S+) |\.$/g, '');
  }
}

/** Numbers between -1 and 1 without a pattern. */
function uneven(count: number): Float32Array {
  return Float32Array.from({ length: count }, (_, i) => Math.sin(i * i));
}

let exactness: Promise<boolean> | undefined;

/**
 * Whether 8-bit products are exact here. Processors without the instructions for them add up in 16 bits, which overflow.
 */
export function integersAreExact(): Promise<boolean> {
  exactness ??= tryLargestIntegers();
  return exactness;
}

async function tryLargestIntegers(): Promise<boolean> {
  const size = 64;
  const graph = new Graph('trial');
  const matrix = {
    values: graph.byteConstant('int8', [size, size], () => new Int8Array(size * size).fill(127)),
    scale: graph.constant(new Float32Array(size).fill(1 / 127), [size]),
  };
  graph.output('y', ops.quantisedLinear(graph.input('x', [1, size]), matrix));
  const session = await Session.create(graph);
  const { y } = await session.run({ x: { data: new Float32Array(size).fill(1), shape: [1, size] } });
  await session.release();
  return y!.data.every((value) => Math.abs(value / size - 1) < 0.01);
}
