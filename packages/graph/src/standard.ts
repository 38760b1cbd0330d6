import type { Shape } from './dims.ts';
import type { Attribute, Node, Value } from './graph.ts';

// The same in ONNX's own operators, for accelerators. Of ONNX Runtime's own, its WebGPU provider has no product with a
// transposed weight, and its attention is wrong on some devices (those with small subgroups, among others).

/** The nodes that do what one does. */
export function standardNodes(node: Node): Node[] {
  const write = rewritten[node.op];
  if (!write) return [node];
  const nodes: Node[] = [];
  write(node, (op, inputs, attributes = {}, output = undefined) => {
    const value = output ?? { ...node.outputs[0]!, name: `${node.outputs[0]!.name}_${nodes.length}`, shape: unknown };
    nodes.push({ op, domain: '', inputs, outputs: [value], attributes });
    return value;
  });
  return nodes;
}

/** Adds a node with one output, a new one if none is given. */
type Add = (op: string, inputs: readonly Value[], attributes?: Record<string, Attribute>, output?: Value) => Value;

/** Inside of what replaces a node, nobody asks for shapes. */
const unknown: Shape = [];

const rewritten: Partial<Record<string, (node: Node, add: Add) => void>> = {
  FusedMatMul: product,
  MultiHeadAttention: attention,
  Sin: (node, add) => reduced('Sin', node, add),
  Cos: (node, add) => reduced('Cos', node, add),
};

/** A product with a transposed weight [out, in], which is turned over when the session loads. */
function product({ inputs, outputs }: Node, add: Add): void {
  const [x, weight] = inputs as [Value, Value];
  add('MatMul', [x, add('Transpose', [weight], { perm: [1, 0] })], {}, outputs[0]);
}

function attention({ inputs, outputs, attributes }: Node, add: Add): void {
  const { num_heads: heads, scale } = attributes as { num_heads: { int: number }; scale: number };
  const inHeads = (x: Value, order: number[]) => {
    const split = add('Reshape', [x, add('Constant', [], { value_ints: [0, 0, heads.int, -1] })]);
    return add('Transpose', [split], { perm: order });
  };
  const [q, k, v] = inputs as [Value, Value, Value];
  const scaled = add('Mul', [q, add('Constant', [], { value_float: scale })]);
  const scores = add('MatMul', [inHeads(scaled, [0, 2, 1, 3]), inHeads(k, [0, 2, 3, 1])]);
  const weights = add('Softmax', [scores], { axis: { int: -1 } });
  const attended = add('Transpose', [add('MatMul', [weights, inHeads(v, [0, 2, 1, 3])])], { perm: [0, 2, 1, 3] });
  add('Reshape', [attended, add('Constant', [], { value_ints: [0, 0, -1] })], {}, outputs[0]);
}

/**
 * A sine or cosine of an angle between -pi and pi: beyond, WebGPU promises nothing. Whole turns are taken off in two parts,
 * the first of few enough bits that its multiples are exact.
 */
function reduced(op: string, { inputs, outputs }: Node, add: Add): void {
  const [angle] = inputs as [Value];
  const number = (value: number) => add('Constant', [], { value_float: value });
  const firstPart = 6.28125;
  const turns = add('Floor', [add('Add', [add('Mul', [angle, number(1 / (2 * Math.PI))]), number(0.5)])]);
  const nearly = add('Sub', [angle, add('Mul', [turns, number(firstPart)])]);
  const rest = add('Sub', [nearly, add('Mul', [turns, number(2 * Math.PI - firstPart)])]);
  add(op, [rest], {}, outputs[0]);
}
