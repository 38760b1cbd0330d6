import type { Graph } from '@retone/graph';
import type { InferenceSession as OnnxSession } from 'onnxruntime-common';
import { type Device, isAccelerator } from '../device.ts';
import { onnxOptions, type SessionOptions } from '../options.ts';
import { env, InferenceSession, listSupportedBackends } from './onnxruntime.ts';

// ONNX Runtime as Node has it: native, with weights mapped from their files.

export { Tensor as OnnxTensor } from './onnxruntime.ts';

env.logLevel = 'fatal';

/** Version of ONNX Runtime. */
export const runtimeVersion: string = env.versions.node ?? env.versions.common;

/** The devices that ONNX Runtime was built for here. */
export const builtDevices = (): Device[] => listSupportedBackends().map(({ name }) => name as Device);

/** A session of a graph, with its weights from the files that they are in. */
export async function createSession(graph: Graph, options: SessionOptions): Promise<OnnxSession> {
  // Accelerators copy weights to their own memory, in the order that their kernels want.
  const model = graph.toOnnx({ forAccelerators: isAccelerator(options.device) });
  return InferenceSession.create(model.bytes, nodeOptions(options, externalData(model.externalDataFolder)));
}

export function nodeOptions(options: SessionOptions, session: Record<string, string>): OnnxSession.SessionOptions {
  return {
    ...onnxOptions(options, session),
    executionProviders: isAccelerator(options.device) ? [options.device, 'cpu'] : ['cpu'],
    ...(options.threads ? { intraOpNumThreads: options.threads } : {}),
  };
}

export function externalData(folder: string | undefined): Record<string, string> {
  return folder === undefined ? {} : { model_external_initializers_file_folder_path: folder };
}
