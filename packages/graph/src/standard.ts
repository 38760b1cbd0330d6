import { lastDim, type Shape } from './dims.ts';
import type { Attribute, Node, Value } from './node.ts';

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

/**
 * Heads whose attention scores are held at a time. WebGPU gives wrong results beyond what a device can bind, 128 MB at least:
 * then scores of 2896 positions are within it.
 */
const headsAtOnce = 4;

function attention({ inputs, outputs, attributes }: Node, add: Add): void {
  const { num_heads: heads, scale } = attributes as { num_heads: { int: number }; scale: number };
  const [q, k, v] = inputs as [Value, Value, Value];
  const ints = (...values: number[]) => add('Constant', [], { value_ints: values });
  const someHeads = (x: Value, first: number, order: number[]) => {
    const width = lastDim(x) / heads.int;
    const [start, end] = [first * width, Math.min(first + headsAtOnce, heads.int) * width];
    const part = heads.int > headsAtOnce ? add('Slice', [x, ints(start), ints(end), ints(2)]) : x;
    return add('Transpose', [add('Reshape', [part, ints(0, 0, -1, width)])], { perm: order });
  };
  const scaled = { ...add('Mul', [q, add('Constant', [], { value_float: scale })]), shape: q.shape };
  const attended: Value[] = [];
  for (let first = 0; first < heads.int; first += headsAtOnce) {
    const scores = add('MatMul', [someHeads(scaled, first, [0, 2, 1, 3]), someHeads(k, first, [0, 2, 3, 1])]);
    const weights = add('Softmax', [scores], { axis: { int: -1 } });
    const mixed = add('MatMul', [weights, someHeads(v, first, [0, 2, 1, 3])]);
    attended.push(add('Reshape', [add('Transpose', [mixed], { perm: [0, 2, 1, 3] }), ints(0, 0, -1)]));
  }
  add('Concat', attended, { axis: { int: 2 } }, outputs[0]);
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
