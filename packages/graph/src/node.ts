import type { Shape } from './dims.ts';

/** Element types of values inside a graph. */
export type ValueType = 'float32' | 'float16' | 'bfloat16' | 'int8' | 'uint8' | 'int64';

/** A graph as operators see it: what they add to it. `Graph` documents the methods. */
export interface Builder {
  probe(name: string, value: Value): void;
  constant(values: Float32Array | number, shape?: readonly number[]): Value;
  byteConstant(type: 'int8' | 'uint8', shape: readonly number[], make: () => Int8Array | Uint8Array): Value;
  indices(values: readonly number[]): Value;
  node(
    op: string,
    inputs: readonly (Value | undefined)[],
    attributes: Record<string, Attribute>,
    shapes: readonly Shape[],
    type?: ValueType,
  ): Value[];
  cast(value: Value, type: ValueType): Value;
}

/** A tensor in a graph that is being built. */
export interface Value {
  readonly graph: Builder;
  readonly name: string;
  readonly type: ValueType;
  readonly shape: Shape;
}

export type Attribute = number | { int: number } | string | readonly number[];

export interface Node {
  op: string;
  domain: string;
  inputs: readonly (Value | undefined)[];
  outputs: readonly Value[];
  attributes: Record<string, Attribute>;
}
