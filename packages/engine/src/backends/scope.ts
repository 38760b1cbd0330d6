import type { Weights } from '@retone/checkpoint';
import type { Graph, Value } from '@retone/graph';
import { type Backend, exactBackend } from './backend.ts';

/** A place in a network while its graph is built: the graph, the weights, the prefix of this part's weight names, the backend. */
export class Scope {
  readonly graph: Graph;
  readonly weights: Weights;
  readonly prefix: string;
  readonly backend: Backend;

  constructor(graph: Graph, weights: Weights, prefix: string, backend: Backend = exactBackend()) {
    this.graph = graph;
    this.weights = weights;
    this.prefix = prefix;
    this.backend = backend;
  }

  /** The scope of an inner part. */
  at(name: string): Scope {
    return new Scope(this.graph, this.weights, this.path(name), this.backend);
  }

  /** A weight of this part as a float32 value of the graph. */
  weight(name: string, shape: readonly number[]): Value {
    return this.graph.weight(this.path(name), this.weights.get(this.path(name), shape));
  }

  /** Like {@link weight} for one that a checkpoint may lack. */
  optional(name: string, shape: readonly number[]): Value | undefined {
    const weight = this.weights.optional(this.path(name), shape);
    return weight && this.graph.weight(this.path(name), weight);
  }

  /** The weight of an inner layer, its weight norm folded if it has one. */
  normalised(layer: string, shape: readonly number[]): Value {
    return this.graph.weight(this.path(`${layer}.weight`), this.weights.normalised(this.path(layer), shape));
  }

  /** The full name of something in this part. */
  path(name: string): string {
    return this.prefix ? `${this.prefix}.${name}` : name;
  }
}
