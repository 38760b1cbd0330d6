import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Gathering, Graph } from '@retone/graph';
import { externalData, nodeOptions } from './doors/node.ts';
import { InferenceSession } from './doors/onnxruntime.ts';
import type { SessionOptions } from './options.ts';
import { Session } from './session.ts';

/** Names of the files of a compiled graph. */
const compiledModel = 'graph.onnx';
const compiledWeights = 'graph.weights';

/**
 * Writes a graph to a folder in the form in which it runs: optimised, its weights in the order in which this
 * machine's kernels read them. {@link openCompiled} maps them from there, and processes share the pages. Another kind of
 * processor or another version of ONNX Runtime needs its own.
 *
 * @param gatherInto a file for all weights, which is not needed afterwards
 */
export async function compileGraph(graph: Graph, folder: string, gatherInto: string): Promise<void> {
  const weights = new FileGathering(gatherInto);
  try {
    const model = graph.toOnnx({ gatherInto: weights });
    const session = await InferenceSession.create(model.bytes, {
      ...nodeOptions(
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
  } finally {
    weights.close();
  }
}

/** Loads a graph from a folder that {@link compileGraph} wrote to. */
export async function openCompiled(folder: string, options: SessionOptions = {}): Promise<Session> {
  return new Session(await InferenceSession.create(join(folder, compiledModel), nodeOptions(options, {})));
}

class FileGathering implements Gathering {
  readonly path: string;
  readonly #descriptor: number;

  constructor(path: string) {
    this.path = path;
    this.#descriptor = openSync(path, 'w');
  }

  begin(): void {}

  append(bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length; ) done += writeSync(this.#descriptor, bytes, done);
  }

  close(): void {
    closeSync(this.#descriptor);
  }
}
