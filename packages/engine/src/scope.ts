import type { Weights } from '@retone/checkpoint';
import type { Graph, Value } from '@retone/graph';

/** A place in a network while its graph is built: the graph, the weights, and the prefix of this part's weight names. */
export class Scope {
  readonly graph: Graph;
  readonly weights: Weights;
  readonly prefix: string;

  constructor(graph: Graph, weights: Weights, prefix = '') {
    this.graph = graph;
    this.weights = weights;
    this.prefix = prefix;
  }

  /** The scope of an inner part. */
  at(name: string): Scope {
    return new Scope(this.graph, this.weights, this.#full(name));
  }

  /** A weight of this part as a float32 value of the graph. */
  weight(name: string, shape: readonly number[]): Value {
    return this.graph.weight(this.#full(name), this.weights.get(this.#full(name), shape));
  }

  /** Like {@link weight} for one that a checkpoint may lack. */
  optional(name: string, shape: readonly number[]): Value | undefined {
    const weight = this.weights.optional(this.#full(name), shape);
    return weight && this.graph.weight(this.#full(name), weight);
  }

  /** The weight of an inner layer, its weight norm folded if it has one. */
  normalised(layer: string, shape: readonly number[]): Value {
    return this.graph.weight(this.#full(`${layer}.weight`), this.weights.normalised(this.#full(layer), shape));
  }

  #full(name: string): string {
    return this.prefix ? `${this.prefix}.${name}` : name;
  }
}
