import type { Shape } from './dims.ts';
import type { Graph } from './graph.ts';

/** Element types of values inside a graph. */
export type ValueType = 'float32' | 'float16' | 'bfloat16' | 'int8' | 'uint8' | 'int64';

/** A tensor in a graph that is being built. */
export interface Value {
  readonly graph: Graph;
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
