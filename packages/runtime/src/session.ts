import type { Graph } from '@retone/graph';
import { InferenceSession, Tensor as OnnxTensor } from 'onnxruntime-node';

/** A float32 tensor in memory, row-major. */
export interface Tensor {
  readonly data: Float32Array;
  readonly shape: readonly number[];
}

export interface SessionOptions {
  /** Threads for one operator; default: ONNX Runtime's choice, one per physical core. */
  threads?: number | undefined;
}

/** A graph that is loaded and can run. Running blocks the thread for its whole time: callers yield between runs. */
export class Session {
  readonly #session: InferenceSession;

  private constructor(session: InferenceSession) {
    this.#session = session;
  }

  static async create(graph: Graph, options: SessionOptions = {}): Promise<Session> {
    const model = graph.toOnnx();
    const session = await InferenceSession.create(model.bytes, {
      executionProviders: ['cpu'],
      graphOptimizationLevel: 'all',
      // Both would keep memory between runs and sessions; without them the peak is lower and no run slower (docs/engine.md).
      enableMemPattern: false,
      enableCpuMemArena: false,
      ...(options.threads ? { intraOpNumThreads: options.threads } : {}),
      logSeverityLevel: 3,
      extra: {
        session: {
          // Weights then stay file pages that the system may drop, instead of being copied to the heap.
          disable_prepacking: '1',
          intra_op: { allow_spinning: '0' },
          ...(model.externalDataFolder
            ? { model_external_initializers_file_folder_path: model.externalDataFolder }
            : {}),
        },
      },
    });
    return new Session(session);
  }

  /** Runs the graph. Inputs and results go by the names given while building. */
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
