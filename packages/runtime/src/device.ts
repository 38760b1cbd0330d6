import { Graph, ops, type Value } from '@retone/graph';
import { listSupportedBackends } from 'onnxruntime-node';
import { Session } from './session.ts';

/** What graphs can run on; `auto` is the processor, on which all of this was measured. */
export const devices = ['auto', 'cpu', 'webgpu', 'cuda', 'coreml', 'dml'] as const;
export type Device = (typeof devices)[number];
export type Accelerator = Exclude<Device, 'auto' | 'cpu'>;

export function isAccelerator(device: Device = 'auto'): device is Accelerator {
  return device !== 'auto' && device !== 'cpu';
}

/** What an accelerator needs, for people who asked for it where it does not work. */
const needs: Record<Accelerator, string> = {
  webgpu: 'it needs a GPU with a driver; on Linux one for Vulkan, and the package libvulkan1',
  cuda: "it needs Linux on x64, an Nvidia GPU, CUDA 12 and ONNX Runtime's libraries for it, which are installed apart",
  coreml: 'it needs macOS',
  dml: 'it needs Windows and a GPU with DirectX 12',
};

/** Tries a device with a small graph. Returns why it cannot be used and what it needs, or undefined. */
export async function deviceProblem(device: Device): Promise<string | undefined> {
  if (!isAccelerator(device)) return undefined;
  const known: string[] = listSupportedBackends().map(({ name }) => name);
  if (!known.includes(device)) {
    return `${needs[device]}; here it could be ${devices.filter((other) => known.includes(other)).join(', ')}`;
  }
  const problem = await trialProblem(device, (x) => ops.add(x, 1));
  return problem && `${needs[device]}; ONNX Runtime says: ${problem}`;
}

/** Tries a product in 16-bit floats on a device that works. Returns why it has none, or undefined. */
export function halfProblem(device: Accelerator): Promise<string | undefined> {
  const ones = new Float32Array(trialSize ** 2).fill(1);
  return trialProblem(device, (x) => ops.halfLinear(x, x.graph.constant(ones, [trialSize, trialSize])));
}

const trialSize = 64;

/** Why a device cannot run a graph of one input [1, 64], or undefined. */
async function trialProblem(device: Accelerator, build: (x: Value) => Value): Promise<string | undefined> {
  const graph = new Graph('trial');
  graph.output('y', build(graph.input('x', [1, trialSize])));
  try {
    const session = await Session.create(graph, { device });
    await session.run({ x: { data: new Float32Array(trialSize), shape: [1, trialSize] } });
    await session.release();
    return undefined;
  } catch (error) {
    const [line] = (error as Error).message.split('\n');
    return line!.replace(/^.* (was false\.|Status Message: \S+ \S+) |\.$/g, '');
  }
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
    values: graph.byteConstant(new Int8Array(size * size).fill(127), [size, size]),
    scale: graph.constant(new Float32Array(size).fill(1 / 127), [size]),
  };
  graph.output('y', ops.quantisedLinear(graph.input('x', [1, size]), matrix));
  const session = await Session.create(graph);
  const { y } = await session.run({ x: { data: new Float32Array(size).fill(1), shape: [1, size] } });
  await session.release();
  return y!.data.every((value) => Math.abs(value / size - 1) < 0.01);
}
