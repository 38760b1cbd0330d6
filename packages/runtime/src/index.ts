export {
  type Accelerator,
  type Device,
  deviceProblem,
  devices,
  halfProblem,
  integersAreExact,
  isAccelerator,
} from './device.ts';
export { runtimeVersion, Session, type SessionOptions, type Tensor } from './session.ts';
