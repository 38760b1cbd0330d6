import './telemetry.ts';

// The only place that imports ONNX Runtime for Node, so that its telemetry is off in every process that loads it.
export { env, InferenceSession, listSupportedBackends, Tensor } from 'onnxruntime-node';
