import { defaultFormat, writableFormats } from '@retone/contract';
import { type Flags, UsageError } from './arguments.ts';

// Flags that several commands have.

const channelChoices = ['downmix', 'first-two'] as const;
const bitDepths = ['16', '24', '32f'];

export const outputFlag = {
  type: 'string',
  short: 'o',
  value: 'file',
  help: 'where to write; the extension chooses the format; - is standard output',
} satisfies Flags[string];

export const overwriteFlag = { type: 'boolean', help: 'replace the file that --output names' } satisfies Flags[string];

export const channelsFlag = {
  type: 'string',
  value: 'how',
  help: `${channelChoices.join(' or ')}: what becomes of more than two channels; default downmix`,
} satisfies Flags[string];

export const bitDepthFlag = {
  type: 'string',
  value: 'bits',
  help: `${bitDepths.join(', ')}: of wav (flac: 16 or 24); 32f is floating point; default 16`,
} satisfies Flags[string];

/** Parses --channels. @throws UsageError */
export function channelMix(given = 'downmix'): 'downmix' | 'first-two' {
  const found = channelChoices.find((choice) => choice === given);
  if (found) return found;
  throw new UsageError(`--channels must be ${channelChoices.join(' or ')} (got "${given}")`);
}

/** Parses --bit-depth about files of a format. @throws UsageError */
export function bitDepthOf(given: string | undefined, format: string): 16 | 24 | 32 | undefined {
  if (given === undefined) return undefined;
  const allowed = format === 'wav' ? bitDepths : format === 'flac' ? bitDepths.slice(0, 2) : [];
  if (allowed.length === 0) throw new UsageError(`--bit-depth is for wav and flac; ${format} has none`);
  if (!allowed.includes(given)) throw new UsageError(`--bit-depth must be ${allowed.join(', ')} (got "${given}")`);
  return Number.parseInt(given, 10) as 16 | 24 | 32;
}

export const formatFlag = {
  type: 'string',
  short: 'f',
  help: `${writableFormats.join(', ')}; default ${defaultFormat}, or as --output says`,
} satisfies Flags[string];

export const modelFlag = {
  type: 'string',
  short: 'm',
  value: 'name or folder',
  help: 'see retone models; default: the built-in one',
} satisfies Flags[string];

export const jsonFlag = { type: 'boolean', help: 'print one line of JSON instead of words' } satisfies Flags[string];
