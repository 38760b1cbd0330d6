import type { Dim, Shape } from './dims.ts';
import type { Attribute, Value } from './node.ts';

export type Operand = Value | number;

export function single(
  op: string,
  inputs: readonly Input[],
  attributes: Record<string, Attribute>,
  shape: Shape,
): Value {
  return apply(op, inputs, attributes, [shape])[0]!;
}

/** An operand, or numbers for an input that ONNX wants as int64: axes, sizes, positions. */
type Input = Value | readonly number[] | undefined;

/** Adds a node after checking that its operands are float32 values of one graph. The first is always a value. */
export function apply(
  op: string,
  inputs: readonly Input[],
  attributes: Record<string, Attribute>,
  shapes: readonly Shape[],
): Value[] {
  const { graph } = inputs[0] as Value;
  const values = inputs.map((input) => {
    if (!input) return undefined;
    if (!('graph' in input)) return graph.indices(input);
    check(input.graph === graph, `${op} mixes values of two graphs`);
    check(input.type === 'float32', `${op} works on float32, not on ${input.type}`);
    return input;
  });
  return graph.node(op, values, attributes, shapes);
}

export function position(x: Value, axis: number): number {
  const at = axis < 0 ? axis + x.shape.length : axis;
  check(at >= 0 && at < x.shape.length, `[${x.shape}] has no axis ${axis}`);
  return at;
}

export function check(condition: boolean, problem: string): void {
  if (!condition) throw new TypeError(problem);
}

export function checkVector(vector: Value | undefined, size: Dim, role: string): void {
  check(
    !vector || (vector.shape.length === 1 && vector.shape[0] === size),
    `a ${role} [${vector?.shape}] is not [${size}]`,
  );
}
