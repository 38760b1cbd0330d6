import { lastDim, ops, type Value } from '@retone/graph';
import { Session, type SessionOptions } from '@retone/runtime';
import type { Backend, Scope } from './backend.ts';
import { mapValues, settled } from './records.ts';

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
  const inner = lastDim(x);
  const y = ops.linear(x, scope.weight('weight', [out, inner]), scope.optional('bias', [out]));
  return parts === 1 ? [y] : ops.split(y, parts);
}
