import { Graph, ops } from '@retone/graph';
import { listSupportedBackends } from 'onnxruntime-node';
import { Session } from './session.ts';

/** What graphs can run on; `auto` is the processor, on which all of this was measured. */
export const devices = ['auto', 'cpu', 'webgpu', 'cuda', 'coreml', 'dml'] as const;
export type Device = (typeof devices)[number];

/** Tries a device with a small graph. Returns why it cannot be used, or undefined. */
export async function deviceProblem(device: Device): Promise<string | undefined> {
  if (device === 'auto' || device === 'cpu') return undefined;
  const built = listSupportedBackends().map(({ name }) => name);
  if (!built.includes(device)) return `ONNX Runtime knows ${built.join(', ')} on this system`;
  const graph = new Graph('trial');
  graph.output('y', ops.add(graph.input('x', [1]), 1));
  try {
    const session = await Session.create(graph, { device });
    await session.run({ x: { data: Float32Array.of(1), shape: [1] } });
    await session.release();
    return undefined;
  } catch (error) {
    return (error as Error).message.split('\n')[0]!.replace(/^.* was false\. /, '');
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
