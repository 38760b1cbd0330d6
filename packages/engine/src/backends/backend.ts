import type { Weights } from '@retone/checkpoint';
import type { Graph, Value } from '@retone/graph';
import type { Session } from '@retone/runtime';

/** How networks are computed: the form of their large products, and the sessions that run their graphs. */
export interface Backend {
  /**
   * The fully connected layer at a place in a network, `x W^T`, plus a bias if the checkpoint has one; its outputs cut
   * into `parts` of equal width.
   */
  linear(scope: Scope, x: Value, out: number, parts: number): Value[];
  /**
   * Sessions for graphs whose layers were made with this backend.
   *
   * @param builds makes each graph, by a name that is unique in the model; called only where none is compiled
   * @param repeated those that run many times in a row
   * @throws CheckpointError when the graphs ask for weights that are not there
   */
  open<Name extends string>(
    weights: Weights,
    builds: Record<Name, () => Graph>,
    repeated?: readonly Name[],
  ): Promise<Record<Name, Running>>;
  /** For graphs that hardly come again and are not worth compiling; absent: this one, which compiles nothing. */
  uncompiled?: Backend;
}

/** A graph that can be run. */
export type Running = Pick<Session, 'run' | 'release'>;

/** A place in a network while its graph is built: the graph, the weights, the prefix of this part's weight names, the backend. */
export class Scope {
  readonly graph: Graph;
  readonly weights: Weights;
  readonly prefix: string;
  readonly backend: Backend;

  constructor(graph: Graph, weights: Weights, prefix: string, backend: Backend) {
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
