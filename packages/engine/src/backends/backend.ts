import type { Weights } from '@retone/checkpoint';
import { type Graph, ops, type Value } from '@retone/graph';
import { Session, type SessionOptions } from '@retone/runtime';
import type { Scope } from './scope.ts';

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
   * @param builds makes each graph, by a name that tells it from the model's others; called only where none is compiled
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

/** Everything in float32, from the checkpoint's own file. */
export function exactBackend(options: SessionOptions = {}): Backend {
  return {
    linear: exactLinear,
    async open(weights, builds, repeated) {
      const graphs = mapValues(builds, (build) => build());
      weights.assertComplete();
      return settled(
        mapValues(graphs, (graph, name) => Session.create(graph, { ...options, reserve: repeated?.includes(name) })),
      );
    },
  };
}

export function exactLinear(scope: Scope, x: Value, out: number, parts: number): Value[] {
  const inner = x.shape.at(-1) as number;
  const y = ops.linear(x, scope.weight('weight', [out, inner]), scope.optional('bias', [out]));
  return parts === 1 ? [y] : ops.split(y, parts);
}

export function mapValues<Key extends string, From, To>(
  record: Record<Key, From>,
  change: (value: From, key: Key) => To,
): Record<Key, To> {
  const entries = Object.entries<From>(record) as [Key, From][];
  return Object.fromEntries(entries.map(([key, value]) => [key, change(value, key)])) as Record<Key, To>;
}

/** A record of promises as a promise of a record. */
export async function settled<Key extends string, Item>(
  record: Record<Key, Promise<Item>>,
): Promise<Record<Key, Item>> {
  const entries = Object.entries<Promise<Item>>(record) as [Key, Promise<Item>][];
  const values = await Promise.all(entries.map(async ([key, value]) => [key, await value] as const));
  return Object.fromEntries(values) as Record<Key, Item>;
}
