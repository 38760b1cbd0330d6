/** Devices that graphs can run on; `auto` is the processor, on which all of this was measured. */
export const devices = ['auto', 'cpu', 'webgpu', 'cuda', 'coreml', 'dml'] as const;
export type Device = (typeof devices)[number];
export type Accelerator = Exclude<Device, 'auto' | 'cpu'>;

export function isAccelerator(device: Device = 'auto'): device is Accelerator {
  return device !== 'auto' && device !== 'cpu';
}
