import { usePreparation } from './device.ts';

/** How far the engine of a page without a service is. */
export function DeviceStatus() {
  const { state, share } = usePreparation();
  const words = {
    none: '',
    downloading: `Downloading, ${Math.round(100 * share)} %`,
    loading: 'Loading the model',
    ready: 'Ready, also offline',
    failed: 'The engine could not be loaded',
  };
  return (
    <span className="device-status" role="status">
      {words[state]}
    </span>
  );
}
