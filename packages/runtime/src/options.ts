import type { InferenceSession } from 'onnxruntime-common';
import type { Device } from './device.ts';

export interface SessionOptions {
  /** Threads for one operator; default: ONNX Runtime's choice, one per physical core. In a browser all sessions share them. */
  threads?: number | undefined;
  /** Default: the processor. What another device cannot do stays there too. */
  device?: Device | undefined;
  /** Whether memory stays reserved between runs: for graphs that run many times in a row. */
  reserve?: boolean | undefined;
  /** Whether threads look for work for a while before they sleep: faster, where no other process wants the cores. */
  spinning?: boolean | undefined;
}

/** ONNX Runtime's level that prints fatal errors alone. Errors are thrown; it need not print them as well. */
const fatal = 4;

/**
 * The options that ONNX Runtime gets, whichever it is.
 *
 * @param session entries of its own configuration besides
 */
export function onnxOptions(
  options: SessionOptions,
  session: Record<string, unknown> = {},
): InferenceSession.SessionOptions {
  return {
    graphOptimizationLevel: 'all',
    // Would keep memory for each size of the inputs (docs/engine.md).
    enableMemPattern: false,
    // Without an arena, runs on long inputs leave glibc's heap in fragments, of up to ten times the size of what is in use.
    enableCpuMemArena: options.reserve ?? false,
    logSeverityLevel: fatal,
    // Weights are packed when a session is made (ONNX Runtime's default). Products with unpacked ones are summed in an order
    // that depends on how threads share the outputs, so that results would change with the number of threads.
    extra: {
      // Processors without instructions for 8-bit products add them up in 16 bits, which overflow; this widens them first.
      session: { x64quantprecision: '1', intra_op: { allow_spinning: options.spinning ? '1' : '0' }, ...session },
    },
  };
}
