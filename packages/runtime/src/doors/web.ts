import type { Gathering, Graph } from '@retone/graph';
import { env, InferenceSession } from 'onnxruntime-web/wasm';
import type { Device } from '../device.ts';
import { onnxOptions, type SessionOptions } from '../options.ts';

// ONNX Runtime as WebAssembly, for browsers.

export { Tensor as OnnxTensor } from 'onnxruntime-web/wasm';

env.logLevel = 'fatal';

/** Version of ONNX Runtime. */
export const runtimeVersion: string = env.versions.web ?? env.versions.common;

/** The devices that ONNX Runtime was built for here. */
export const builtDevices = (): Device[] => ['cpu'];

/** The two parts of ONNX Runtime's WebAssembly, and how many threads compute. */
export interface BrowserRuntime {
  /** URL of `ort-wasm-simd-threaded.wasm`, or its bytes. */
  wasm: string | Uint8Array<ArrayBuffer>;
  /** URL of `ort-wasm-simd-threaded.mjs`. */
  script: string;
  /** Default: all of the processor's. A page that is not cross-origin isolated has one. */
  threads?: number | undefined;
}

/** Says where ONNX Runtime's files are. To be called once, before the first session is made. */
export function configureRuntime({ wasm, script, threads }: BrowserRuntime): void {
  env.wasm.wasmPaths = typeof wasm === 'string' ? { wasm, mjs: script } : { mjs: script };
  if (typeof wasm !== 'string') env.wasm.wasmBinary = wasm.buffer;
  const { crossOriginIsolated } = globalThis as { crossOriginIsolated?: boolean };
  env.wasm.numThreads = crossOriginIsolated ? (threads ?? navigator.hardwareConcurrency) : 1;
}

/** The session that is being made: ONNX Runtime has one list of external data for all of them, which each empties at its end. */
let last: Promise<unknown> = Promise.resolve();

/** A session of a graph. Its weights are copied once, into one block, which is dropped when the session has them. */
export function createSession(graph: Graph, options: SessionOptions): Promise<InferenceSession> {
  const made = last.then(() => create(graph, options));
  last = made.catch(() => {});
  return made;
}

async function create(graph: Graph, options: SessionOptions): Promise<InferenceSession> {
  const weights = new MemoryGathering();
  const { bytes } = graph.toOnnx({ gatherInto: weights });
  return InferenceSession.create(bytes, {
    ...onnxOptions(options),
    executionProviders: ['wasm'],
    externalData: [{ path: weights.path, data: weights.bytes }],
  });
}

class MemoryGathering implements Gathering {
  readonly path = 'weights';
  bytes = new Uint8Array(0);
  #end = 0;

  begin(byteLength: number): void {
    this.bytes = new Uint8Array(byteLength);
  }

  append(bytes: Uint8Array): void {
    this.bytes.set(bytes, this.#end);
    this.#end += bytes.length;
  }
}
