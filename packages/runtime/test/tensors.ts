import { elementsOf } from '@retone/common';
import { Graph, type Shape, type Value } from '@retone/graph';
import { Session, type Tensor } from '@retone/runtime';
import { expect } from 'vitest';

/** A tensor whose element at each index is computed. */
export function tensor(shape: readonly number[], at: (...index: number[]) => number): Tensor {
  const data = new Float32Array(elementsOf(shape));
  const index = shape.map(() => 0);
  for (let i = 0; i < data.length; i++) {
    data[i] = at(...index);
    for (let axis = shape.length - 1; axis >= 0 && ++index[axis]! === shape[axis]; axis--) index[axis] = 0;
  }
  return { data, shape };
}

/** A tensor of numbers between -1 and 1 without pattern; another `seed`, other numbers. */
export function noise(shape: readonly number[], seed = 1): Tensor {
  let state = seed * 7919;
  return tensor(shape, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

/** The element at an index. */
export function at({ data, shape }: Tensor, ...index: number[]): number {
  return data[index.reduce((offset, i, axis) => offset * shape[axis]! + i, 0)]!;
}

export function sumOver(count: number, term: (i: number) => number): number {
  let sum = 0;
  for (let i = 0; i < count; i++) sum += term(i);
  return sum;
}

/** Runs a graph of one output. Inputs are tensors, with the shapes that the graph is to know them by where these differ. */
export async function run(
  inputs: readonly (Tensor | [Tensor, Shape])[],
  build: (...inputs: Value[]) => Value,
): Promise<Tensor> {
  const graph = new Graph('test');
  const tensors = inputs.map((input) => ('data' in input ? input : input[0]));
  const values = inputs.map((input, i) => graph.input(`x${i}`, 'data' in input ? input.shape : input[1]));
  const result = build(...values);
  graph.output('y', result);
  const session = await Session.create(graph);
  const { y } = await session.run(Object.fromEntries(tensors.map((each, i) => [`x${i}`, each])));
  await session.release();
  return y!;
}

/** Same shape, and the same values up to float32 rounding. */
export function expectClose(actual: Tensor, expected: Tensor, tolerance = 2e-6): void {
  expect(actual.shape).toEqual(expected.shape);
  const far = actual.data.findIndex((value, i) => !(Math.abs(value - expected.data[i]!) <= tolerance));
  expect(far < 0 ? 'close' : `${actual.data[far]} is not ${expected.data[far]} at ${far}`).toBe('close');
}
