import { availableParallelism, cpus } from 'node:os';
import { type Device, devices, type SessionOptions } from '@retone/runtime';
import { type Precision, precisions } from './backends/precision.ts';
import { choice } from './choice.ts';
import { EngineError } from './errors.ts';

/** How models are computed on this machine. */
export interface EngineSettings extends SessionOptions {
  precision: Precision;
  device: Device;
}

/** The fastest precision that keeps the built-in model's results within its bounds (docs/performance.md). */
export const defaultPrecision: Precision = 'fast';

/**
 * How to compute: as given, else as the environment says (`RETONE_PRECISION`, `RETONE_DEVICE`, `RETONE_THREADS`), else the
 * defaults.
 *
 * @throws EngineError when there is no such precision, device or number of threads
 */
export function engineSettings(
  given: {
    precision?: string | undefined;
    device?: string | undefined;
    threads?: number | undefined;
    spinning?: boolean | undefined;
  } = {},
  environment: NodeJS.ProcessEnv = process.env,
): EngineSettings {
  const { RETONE_PRECISION, RETONE_DEVICE, RETONE_THREADS } = environment;
  const threads = given.threads ?? (RETONE_THREADS ? Number(RETONE_THREADS) : undefined);
  if (threads !== undefined && !(Number.isInteger(threads) && threads >= 1 && threads <= 1024))
    throw new EngineError(
      'invalid-argument',
      `the number of threads must be an integer between 1 and 1024 (got ${threads})`,
    );
  return {
    precision: choice('the precision', precisions, given.precision ?? (RETONE_PRECISION || defaultPrecision)),
    device: choice('the device', devices, given.device ?? (RETONE_DEVICE || 'auto')),
    threads: threads ?? usableThreads(),
    spinning: given.spinning ?? true,
  };
}

/**
 * Threads for one operator. A process that may use the whole machine leaves it to ONNX Runtime, which takes one per
 * physical core; one in a container or on some of the cores takes as many as it may use.
 */
function usableThreads(): number | undefined {
  // Node asks for affinity and for the limits of control groups.
  const usable = availableParallelism();
  return usable < cpus().length ? usable : undefined;
}
