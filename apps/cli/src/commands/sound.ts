import { defaultNoiseLevel } from '@retone/contract';
import { audioToAudio, inpaint, outpaint, textToAudio } from '@retone/engine';
import { type Flags, parse, UsageError, type Values } from '../arguments.ts';
import { type FileOfMany, forEachFile, isBatch } from '../batch.ts';
import type { Command } from '../command.ts';
import { channelsFlag } from '../flags.ts';
import { oneFile } from '../input.ts';
import { makeFlags } from '../job.ts';
import { make } from '../make.ts';
import { chosenFormat } from '../output.ts';

export const transformFlags = {
  ...makeFlags,
  channels: channelsFlag,
  duration: { type: 'number', short: 'd', value: 'seconds', help: "default: the recording's own" },
  'init-noise-level': {
    type: 'number',
    short: 'n',
    value: '0-1',
    help: `how far to depart from the recording: 0 not at all, 1 altogether; default ${defaultNoiseLevel}`,
  },
  schedule: {
    type: 'string',
    value: 'kind',
    help: 'monotone (default), or reference: as the reference implementation has it',
  },
} satisfies Flags;

const generateFlags = {
  ...makeFlags,
  duration: { type: 'number', short: 'd', value: 'seconds', help: 'default 10' },
} satisfies Flags;

const inpaintFlags = {
  ...makeFlags,
  channels: channelsFlag,
  region: {
    type: 'region',
    short: 'r',
    multiple: true,
    value: 'from-to',
    help: 'seconds to regenerate, such as 2.5-4; may be repeated',
  },
} satisfies Flags;

const outpaintFlags = {
  ...makeFlags,
  channels: channelsFlag,
  before: { type: 'number', value: 'seconds', help: 'how much to make in front; default 0' },
  after: { type: 'number', value: 'seconds', help: 'how much to make behind; default 5, or 0 with --before' },
} satisfies Flags;

/** Transforms a recording; `many` is what it shares with others. */
export async function transformOne(
  values: Values<typeof transformFlags>,
  file: string,
  signal: AbortSignal,
  many?: Pick<FileOfMany, 'shared' | 'place'>,
): Promise<void> {
  const { 'init-noise-level': initNoiseLevel = defaultNoiseLevel, duration, schedule = 'monotone' } = values;
  if (schedule !== 'monotone' && schedule !== 'reference') {
    throw new UsageError(`--schedule must be monotone or reference (got "${schedule}")`);
  }
  await make(
    {
      values,
      file,
      signal,
      report: { initNoiseLevel },
      seconds: duration,
      channels: values.channels,
      asked: { initNoiseLevel, seconds: duration },
      many,
      remote: { model: 'audio-to-audio', input: { init_noise_level: initNoiseLevel, duration } },
    },
    (model, audio, controls) =>
      audioToAudio(model, { ...controls, audio: audio!, seconds: duration, initNoiseLevel, schedule }),
  );
}

export const soundCommands: Record<string, Command> = {
  transform: {
    summary: 'make a recording sound as a prompt says',
    usage: '<file>... --prompt "..." [options]; with several files, --output is a folder',
    flags: transformFlags,
    async run(args, signal) {
      const { values, positionals } = parse(args, transformFlags);
      const { output, format, overwrite = false, json = false } = values;
      if (!isBatch(positionals, output)) return transformOne(values, oneFile(positionals), signal);
      const extension = chosenFormat(undefined, format);
      await forEachFile(positionals, { output, extension, overwrite, json, signal }, ({ file, output, ...many }) =>
        transformOne({ ...values, output, format: extension }, file, signal, many),
      );
    },
  },
  generate: {
    summary: 'make sound from a prompt alone',
    usage: '--prompt "..." [options]',
    flags: generateFlags,
    async run(args, signal) {
      const { values, positionals } = parse(args, generateFlags);
      if (positionals.length > 0)
        throw new UsageError(`"${positionals[0]}" is one argument too many; generate takes no file`);
      const { duration: seconds = 10 } = values;
      const remote = { model: 'text-to-audio', input: { duration: seconds } } as const;
      await make({ values, signal, asked: { seconds }, remote }, (model, _, controls) =>
        textToAudio(model, { ...controls, seconds }),
      );
    },
  },
  inpaint: {
    summary: 'regenerate sections of a recording',
    usage: '<file> --region from-to --prompt "..." [options]',
    flags: inpaintFlags,
    async run(args, signal) {
      const { values, positionals } = parse(args, inpaintFlags);
      const regions = values.region ?? [];
      if (regions.length === 0)
        throw new UsageError('--region is missing; it names the section to regenerate, such as 2.5-4');
      await make(
        {
          values,
          file: oneFile(positionals),
          signal,
          report: { regions },
          longer: 'refuse',
          channels: values.channels,
          remote: { model: 'audio-inpainting', input: { regions } },
        },
        (model, audio, controls) => inpaint(model, { ...controls, audio: audio!, regions }),
      );
    },
  },
  outpaint: {
    summary: 'continue a recording at its ends',
    usage: '<file> --prompt "..." [--before seconds] [--after seconds] [options]',
    flags: outpaintFlags,
    async run(args, signal) {
      const { values, positionals } = parse(args, outpaintFlags);
      const secondsBefore = values.before ?? 0;
      const secondsAfter = values.after ?? (values.before === undefined ? 5 : 0);
      await make(
        {
          values,
          file: oneFile(positionals),
          signal,
          report: { secondsBefore, secondsAfter },
          longer: 'refuse',
          channels: values.channels,
          remote: {
            model: 'audio-outpainting',
            input: { extend_seconds_before: secondsBefore, extend_seconds_after: secondsAfter },
          },
        },
        (model, audio, controls) => {
          return outpaint(model, { ...controls, audio: audio!, secondsBefore, secondsAfter });
        },
      );
    },
  },
};
