import { basename } from 'node:path';
import { AudioError } from '@retone/audio';
import { findModel } from '@retone/checkpoint';
import { Autoencoder, type Tensor } from '@retone/engine';
import { type Flags, parse } from '../arguments.ts';
import type { Command } from '../command.ts';
import {
  bitDepthFlag,
  bitDepthOf,
  channelMix,
  channelsFlag,
  formatFlag,
  jsonFlag,
  modelFlag,
  outputFlag,
  overwriteFlag,
} from '../flags.ts';
import { oneFile, readAudio, stemOf } from '../input.ts';
import { checkLatentsName, latentsFile, readLatents } from '../latents.ts';
import { chooseOutput, Output, say, writeAudio } from '../output.ts';
import { ProgressBar } from '../progress.ts';

// Between audio and the latents that diffusion models work on, with a model's autoencoder alone.

const common = {
  output: outputFlag,
  overwrite: overwriteFlag,
  model: modelFlag,
  json: jsonFlag,
} satisfies Flags;

const encodeFlags = { ...common, channels: channelsFlag } satisfies Flags;

const decodeFlags = {
  ...common,
  format: formatFlag,
  'bit-depth': bitDepthFlag,
} satisfies Flags;

export const codingCommands: Record<string, Command> = {
  encode: {
    summary: "write a recording as a model's latents",
    usage: '<file> [--output latents.safetensors | latents.npy] [options]',
    flags: encodeFlags,
    async run(args, signal) {
      const { values, positionals } = parse(args, encodeFlags);
      const file = oneFile(positionals);
      if (values.output !== undefined) checkLatentsName(values.output);
      const { overwrite } = values;
      const output =
        values.output === undefined
          ? Output.free(stemOf(file), 'safetensors')
          : Output.at(values.output, { input: file, overwrite });
      const mix = channelMix(values.channels);
      await withAutoencoder(values, async (autoencoder, bar, model) => {
        const { sampleRate } = autoencoder;
        const warnings: string[] = [];
        const onWarning = (warning: string) => warnings.push(warning);
        const { audio, more } = await readAudio(file, sampleRate, { seconds: longestCoded, mix, signal, onWarning });
        if (more) throw new AudioError('too-long', `${file} lasts more than ${longestCoded / 60} min; cut it first`);
        const onProgress = (done: number) => bar.draw(done, 'listening');
        const latents = await autoencoder.encode(audio, { signal, onProgress });
        const samples = audio.shape[1]!;
        await output.write(latentsFile(output.path, latents, { samples, sampleRate, model }));
        bar.clear();
        const seconds = samples / sampleRate;
        const result = { input: file, output: output.path, shape: latents.shape, seconds, model, ...listed(warnings) };
        if (!values.json) for (const warning of warnings) console.error(`retone: ${warning}`);
        if (values.json) console.log(JSON.stringify(result));
        else console.log(`${file} -> ${output.path}\n  ${shapeText(latents)} for ${seconds.toFixed(1)} s, ${model}`);
      });
    },
  },
  decode: {
    summary: "make audio of a model's latents",
    usage: '<latents.safetensors | latents.npy> [--output file] [options]',
    flags: decodeFlags,
    async run(args, signal) {
      const { values, positionals } = parse(args, decodeFlags);
      const file = oneFile(positionals);
      const { overwrite } = values;
      const target = chooseOutput(values.output, values.format, stemOf(file), { input: file, overwrite });
      const { output, format } = target;
      const bitDepth = bitDepthOf(values['bit-depth'], format);
      const { tensor, samples } = await readLatents(file);
      await withAutoencoder(values, async (autoencoder, bar, model) => {
        const { sampleRate } = autoencoder;
        const onProgress = (done: number) => bar.draw(done, 'rendering');
        const audio = await autoencoder.decode(tensor, { samples, signal, onProgress });
        await writeAudio(target, audio, sampleRate, { signal, bitDepth });
        bar.clear();
        const seconds = audio.shape[1]! / sampleRate;
        const result = { input: file, output: output.path, format, seconds, sampleRate, model };
        if (values.json) say(output, JSON.stringify(result));
        else say(output, `${file} -> ${output.path}\n  ${shapeText(tensor)} to ${seconds.toFixed(1)} s, ${model}`);
      });
    },
  },
};

/** Longest recording that is encoded, in seconds. */
const longestCoded = 30 * 60;

const listed = (warnings: string[]) => (warnings.length > 0 ? { warnings } : {});

/** Loads the autoencoder of the model that the flags name, and releases it afterwards. */
async function withAutoencoder(
  values: { model?: string; json?: boolean },
  work: (autoencoder: Autoencoder, bar: ProgressBar, model: string) => Promise<void>,
): Promise<void> {
  const folder = findModel(values.model);
  const bar = new ProgressBar(process.stderr, !values.json);
  bar.note('loading the model');
  const autoencoder = Autoencoder.load(folder);
  try {
    await work(autoencoder, bar, basename(folder));
  } finally {
    bar.clear();
    await autoencoder.release();
  }
}

function shapeText({ shape }: Tensor): string {
  return `latents [${shape.join(', ')}]`;
}
