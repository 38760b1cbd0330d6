// The part that browsers can use.
export { type Accelerator, type Device, devices, isAccelerator } from './device.ts';
export type { SessionOptions } from './options.ts';
export { Session, type Tensor } from './session.ts';
export { deviceProblem, halfProblem, integersAreExact } from './trials.ts';
