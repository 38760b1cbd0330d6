import { isMainThread } from 'node:worker_threads';

// ONNX Runtime 1.30 writes a device id to the user's cache folder and sends it to Microsoft, with the paths and names of
// what runs, unless this variable is set before its library loads. There is no function for it in the package.

const name = 'ORT_DISABLE_TELEMETRY';

// A worker thread has a copy of the environment, which native code does not read.
if (!isMainThread && process.env[name] !== '1') {
  throw new Error(
    `${name} must be 1 before a worker thread loads @retone/runtime; set it, or import @retone/runtime in the main thread first`,
  );
}
process.env[name] = '1';
