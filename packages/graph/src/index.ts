export { addDims, type Dim, type Shape, scaleDim } from './dims.ts';
export { Graph, type OnnxModel, type Value } from './graph.ts';
export * as ops from './ops.ts';
