import { join } from 'node:path';
import type { Graph } from '@retone/graph';
import { type Device, isAccelerator } from './device.ts';
import { env, InferenceSession, Tensor as OnnxTensor } from './onnxruntime.ts';

/** A float32 tensor in memory, row-major. */
export interface Tensor {
  readonly data: Float32Array;
  readonly shape: readonly number[];
}

export interface SessionOptions {
  /** Threads for one operator; default: ONNX Runtime's choice, one per physical core. */
  threads?: number | undefined;
  /** Default: the processor. What another device cannot do stays there too. */
  device?: Device | undefined;
  /** Whether memory stays reserved between runs: for graphs that run many times in a row. */
  reserve?: boolean | undefined;
  /** Whether threads look for work for a while before they sleep: faster, where no other process wants the cores. */
  spinning?: boolean | undefined;
}

// Errors are thrown; ONNX Runtime need not print it as well.
env.logLevel = 'fatal';
const fatal = 4;

/** Version of ONNX Runtime. */
export const runtimeVersion: string = env.versions.node ?? env.versions.common;

/** Names of the files of a compiled graph. */
const compiledModel = 'graph.onnx';
const compiledWeights = 'graph.weights';

/** A graph that is loaded and can run. Running blocks the thread for its whole time: callers yield between runs. */
export class Session {
  readonly #session: InferenceSession;

  private constructor(session: InferenceSession) {
    this.#session = session;
  }

  /** Loads a graph, its weights from the files that they are in. */
  static async create(graph: Graph, options: SessionOptions = {}): Promise<Session> {
    // Accelerators copy weights to their own memory, in the order that their kernels want.
    const model = graph.toOnnx({ forAccelerators: isAccelerator(options.device) });
    const session = await InferenceSession.create(
      model.bytes,
      sessionOptions(options, externalData(model.externalDataFolder)),
    );
    return new Session(session);
  }

  /**
   * Writes a graph to a folder in the form in which it runs: optimised, its weights in the order in which this
   * machine's kernels read them. {@link open} maps them from there, and processes share the pages. Another kind of
   * processor or another version of ONNX Runtime needs its own.
   */
  static async compile(graph: Graph, folder: string, gatherInto: string): Promise<void> {
    const model = graph.toOnnx({ gatherInto });
    const session = await InferenceSession.create(model.bytes, {
      ...sessionOptions(
        {},
        {
          save_external_prepacked_constant_initializers: '1',
          optimized_model_external_initializers_file_name: compiledWeights,
          optimized_model_external_initializers_min_size_in_bytes: '1024',
          ...externalData(model.externalDataFolder),
        },
      ),
      optimizedModelFilePath: join(folder, compiledModel),
    });
    await session.release();
  }

  /** Loads a graph from a folder that {@link compile} wrote to. */
  static async open(folder: string, options: SessionOptions = {}): Promise<Session> {
    return new Session(await InferenceSession.create(join(folder, compiledModel), sessionOptions(options, {})));
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

// Weights are packed when a session is made (ONNX Runtime's default). Products with unpacked ones are summed in an order that
// depends on how threads share the outputs, so that results would change with the number of threads.
function sessionOptions(options: SessionOptions, session: Record<string, unknown>): InferenceSession.SessionOptions {
  return {
    executionProviders: isAccelerator(options.device) ? [options.device, 'cpu'] : ['cpu'],
    graphOptimizationLevel: 'all',
    // Would keep memory for each size of the inputs (docs/engine.md).
    enableMemPattern: false,
    // Without an arena, runs on long inputs leave glibc's heap in fragments, of up to ten times the size of what is in use.
    enableCpuMemArena: options.reserve ?? false,
    ...(options.threads ? { intraOpNumThreads: options.threads } : {}),
    logSeverityLevel: fatal,
    extra: {
      // Processors without instructions for 8-bit products add them up in 16 bits, which overflow; this widens them first.
      session: { x64quantprecision: '1', intra_op: { allow_spinning: options.spinning ? '1' : '0' }, ...session },
    },
  };
}

function externalData(folder: string | undefined): Record<string, string> {
  return folder === undefined ? {} : { model_external_initializers_file_folder_path: folder };
}
