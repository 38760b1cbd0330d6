import type { Graph } from '@retone/graph';
import type { InferenceSession } from 'onnxruntime-common';
import { createSession, OnnxTensor } from '#onnxruntime';
import type { SessionOptions } from './options.ts';

/** A float32 tensor in memory, row-major. */
export interface Tensor {
  readonly data: Float32Array;
  readonly shape: readonly number[];
}

/** A graph that is loaded and can run. Running blocks the thread for its whole time: callers yield between runs. */
export class Session {
  readonly #session: InferenceSession;

  constructor(session: InferenceSession) {
    this.#session = session;
  }

  /** Loads a graph, its weights from the files that they are in. */
  static async create(graph: Graph, options: SessionOptions = {}): Promise<Session> {
    return new Session(await createSession(graph, options));
  }

  /** Runs the graph. Inputs and results have the names given while building. */
  async run(inputs: Record<string, Tensor>): Promise<Record<string, Tensor>> {
    const feeds = Object.fromEntries(
      Object.entries(inputs).map(([name, tensor]) => [name, new OnnxTensor('float32', tensor.data, [...tensor.shape])]),
    );
    const results = await this.#session.run(feeds);
    return Object.fromEntries(
      Object.entries(results).map(([name, tensor]) => [
        name,
        { data: tensor.data as Float32Array, shape: tensor.dims },
      ]),
    );
  }

  async release(): Promise<void> {
    await this.#session.release();
  }
}
