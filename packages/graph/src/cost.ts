import { type Shape, sizeAt } from './dims.ts';
import type { Graph } from './graph.ts';
import type { Node } from './node.ts';

/** The work that a graph asks for, whatever the machine. */
export interface Cost {
  /** Operators by name, of which the element-wise ones cost memory traffic and all of them dispatch. */
  operators: Record<string, number>;
  /** Multiplications in matrix products, attention and convolutions. */
  multiplications: number;
}

/**
 * Counts the operators and multiplications of a graph.
 *
 * @param named sizes of the axes that are known only when the graph runs, such as `{ B: 1, T: 323 }`
 * @throws TypeError when a size is not given
 */
export function costOf(graph: Graph, named: Readonly<Record<string, number>> = {}): Cost {
  const operators: Record<string, number> = {};
  let multiplications = 0;
  for (const node of graph.nodes) {
    operators[node.op] = (operators[node.op] ?? 0) + 1;
    multiplications += multiplicationsOf(node, (shape) => shape.map((dim) => sizeAt(dim, named)));
  }
  return { operators, multiplications };
}

type Sizes = (shape: Shape) => number[];

const product = (sizes: readonly number[]) => sizes.reduce((a, b) => a * b, 1);

function multiplicationsOf({ op, inputs, outputs }: Node, sizes: Sizes): number {
  const made = () => product(sizes(outputs[0]!.shape));
  const shapeOf = (input: number) => sizes(inputs[input]!.shape);
  switch (op) {
    case 'MatMul':
    case 'FusedMatMul':
    case 'DynamicQuantizeMatMul':
    case 'MatMulNBits':
      return made() * shapeOf(0).at(-1)!;
    case 'MultiHeadAttention': {
      const [batch, n, width] = shapeOf(0) as [number, number, number];
      const [, m, valueWidth] = shapeOf(2) as [number, number, number];
      return batch * n * m * (width + valueWidth);
    }
    case 'Conv':
      return made() * product(shapeOf(1).slice(1));
    default:
      return 0;
  }
}
