import { audioFormats } from '@retone/audio';
import type { Flags } from './arguments.ts';

// Flags that several commands have.

const formats = audioFormats.filter((format) => format.writable).map((format) => format.name);

export const outputFlag = {
  type: 'string',
  short: 'o',
  value: 'file',
  help: 'where to write; the extension chooses the format',
} satisfies Flags[string];

export const formatFlag = {
  type: 'string',
  short: 'f',
  help: `${formats.join(', ')}; default mp3, or as --output says`,
} satisfies Flags[string];

export const modelFlag = {
  type: 'string',
  short: 'm',
  value: 'name or folder',
  help: 'see retone models; default: the built-in one',
} satisfies Flags[string];

export const jsonFlag = { type: 'boolean', help: 'print one line of JSON instead of words' } satisfies Flags[string];
