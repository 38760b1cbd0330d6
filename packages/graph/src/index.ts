export { type Cost, costOf } from './cost.ts';
export { addDims, type Dim, dims, lastDim, type Shape, scaleDim, sizes } from './dims.ts';
export { type Gathering, Graph, type OnnxModel } from './graph.ts';
export type { Value } from './node.ts';
export * as ops from './ops.ts';
