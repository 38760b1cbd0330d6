export { type Device, deviceProblem, devices, integersAreExact } from './device.ts';
export { runtimeVersion, Session, type SessionOptions, type Tensor } from './session.ts';
