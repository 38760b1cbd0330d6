export { type Accelerator, type Device, devices, isAccelerator } from './device.ts';
export { runtimeVersion, Session, type SessionOptions, type Tensor } from './session.ts';
export { deviceProblem, halfProblem, integersAreExact } from './trials.ts';
