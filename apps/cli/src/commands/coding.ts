import { basename, extname } from 'node:path';
import { findModel } from '@retone/checkpoint';
import { Autoencoder, type Tensor } from '@retone/engine';
import { type Flags, parse } from '../arguments.ts';
import type { Command } from '../command.ts';
import { formatFlag, jsonFlag, modelFlag, outputFlag } from '../flags.ts';
import { oneFile, readAudio } from '../input.ts';
import { checkLatentsName, readLatents, writeLatents } from '../latents.ts';
import { checkFolder, chooseOutput, freeName, writeAudio } from '../output.ts';
import { ProgressBar } from '../progress.ts';

// Between audio and the latents that diffusion models work on, with a model's autoencoder alone.

const common = {
  output: outputFlag,
  model: modelFlag,
  json: jsonFlag,
} satisfies Flags;

const decodeFlags = {
  ...common,
  format: formatFlag,
} satisfies Flags;

export const codingCommands: Record<string, Command> = {
  encode: {
    summary: "write a recording as a model's latents",
    usage: '<file> [--output latents.safetensors | latents.npy] [options]',
    flags: common,
    async run(args, signal) {
      const { values, positionals } = parse(args, common);
      const file = oneFile(positionals);
      const output = values.output ?? freeName(basename(file, extname(file)), 'safetensors');
      checkLatentsName(output);
      checkFolder(output);
      await withAutoencoder(values, async (autoencoder, bar, model) => {
        const { sampleRate } = autoencoder;
        const audio = await readAudio(file, sampleRate, signal);
        const onProgress = (done: number) => bar.draw(done, 'listening');
        const latents = await autoencoder.encode(audio, { signal, onProgress });
        const samples = audio.shape[1]!;
        await writeLatents(output, latents, { samples, sampleRate, model });
        bar.clear();
        const result = { input: file, output, shape: latents.shape, seconds: samples / sampleRate, model };
        if (values.json) console.log(JSON.stringify(result));
        else console.log(`${file} -> ${output}\n  ${shapeText(latents)} for ${result.seconds.toFixed(1)} s, ${model}`);
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
      const output = chooseOutput(values.output, values.format, basename(file, extname(file)));
      const { tensor, samples } = await readLatents(file);
      await withAutoencoder(values, async (autoencoder, bar, model) => {
        const { sampleRate } = autoencoder;
        const onProgress = (done: number) => bar.draw(done, 'rendering');
        const audio = await autoencoder.decode(tensor, { samples, signal, onProgress });
        await writeAudio(output, audio, sampleRate, signal);
        bar.clear();
        const seconds = audio.shape[1]! / sampleRate;
        const result = { input: file, output: output.path, format: output.format, seconds, sampleRate, model };
        if (values.json) console.log(JSON.stringify(result));
        else console.log(`${file} -> ${output.path}\n  ${shapeText(tensor)} to ${seconds.toFixed(1)} s, ${model}`);
      });
    },
  },
};

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
