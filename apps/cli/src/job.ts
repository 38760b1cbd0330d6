import type { ModelName } from '@retone/client';
import type { checkOptions } from '@retone/engine';
import { defaultPrecision, devices, precisions, samplers } from '@retone/engine';
import type { Flags, Values } from './arguments.ts';
import type { FileOfMany } from './batch.ts';
import { serverFlag } from './connection.ts';
import { bitDepthFlag, formatFlag, jsonFlag, modelFlag, outputFlag, overwriteFlag } from './flags.ts';
import { guidanceFlags } from './guidance.ts';

export interface Job {
  values: Values<typeof makeFlags>;
  /** The recording to start from. */
  file?: string;
  signal: AbortSignal;
  /** Values of the command's own flags, for the report. */
  report?: Record<string, unknown>;
  /** Of the recording: seconds that are wanted; default: all, which must not be more than the model reaches. */
  seconds?: number | undefined;
  /** Treatment of a recording that is longer than the model's limit, if no duration was given. */
  longer?: 'cut' | 'refuse';
  /** Of the recording: what becomes of more than two channels. */
  channels?: string | undefined;
  /** Engine options of the command's own flags, checked before anything is loaded. */
  asked?: Parameters<typeof checkOptions>[1];
  /** State shared with the other files of the same command line: their model, and the progress of all. */
  many?: Pick<FileOfMany, 'shared' | 'place'> | undefined;
  /** The request to a service, with --server. */
  remote: RemoteTask;
}

/** Flags of every command that makes sound. */
export const makeFlags = {
  prompt: { type: 'string', short: 'p', value: 'text', help: 'what the result should sound like' },
  'negative-prompt': {
    type: 'string',
    value: 'text',
    help: 'what it should not; counts with a guidance scale above 1',
  },
  output: outputFlag,
  overwrite: overwriteFlag,
  format: formatFlag,
  'bit-depth': bitDepthFlag,
  ceiling: {
    type: 'string',
    value: '0.1-1 or off',
    help: 'peaks are limited to this; default 0.977; off: clipped at 1',
  },
  seed: { type: 'number', help: 'same seed, same result; default: a random one, which is printed' },
  steps: { type: 'number', help: "default: the model's own" },
  'guidance-scale': { type: 'number', help: "how strictly to follow the prompt; default: the model's own" },
  ...guidanceFlags,
  sampler: { type: 'string', value: 'name', help: `${Object.keys(samplers).join(', ')}; default: the model's own` },
  lora: {
    type: 'adapter',
    multiple: true,
    value: 'file:strength',
    help: 'an adapter for the model, and how strongly it counts (default 1; 0 off, negative reverses); may be repeated; file:strength@from-to: only at these noise levels, 1 (first step) to 0 (last)',
  },
  'lora-exclude': {
    type: 'list',
    multiple: true,
    value: 'text',
    help: 'adapters leave layers whose names contain this as they are; may be repeated',
  },
  server: serverFlag,
  model: modelFlag,
  precision: { type: 'string', value: 'name', help: `${precisions.join(', ')}; default ${defaultPrecision}` },
  device: { type: 'string', value: 'name', help: `${devices.join(', ')}; default auto: the processor` },
  threads: { type: 'number', help: 'default: one per core that may be used' },
  json: jsonFlag,
} satisfies Flags;

/** A command's request to a service: the model, and the parameters that are the command's own. */
export interface RemoteTask {
  model: ModelName;
  input: Record<string, unknown>;
}
