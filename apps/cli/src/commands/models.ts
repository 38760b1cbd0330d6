import { basename, isAbsolute } from 'node:path';
import { findModel, installedModels, modelsFolder, openAutoencoder, type SafetensorsFile } from '@retone/checkpoint';
import { elementsOf } from '@retone/common';
import { loadModel, parsePrecision, precisions, samplingDefaults } from '@retone/engine';
import {
  add,
  bytesText,
  type GatherProgress,
  Hub,
  HubError,
  type Installed,
  publishedModels,
  pull,
  readRecord,
  remove,
  unfinished,
  verify,
} from '@retone/hub';
import { type Flags, parse, UsageError, type Values } from '../arguments.ts';
import type { Command } from '../command.ts';
import { jsonFlag } from '../flags.ts';
import { ProgressBar } from '../progress.ts';

/** Models in fp32 are run from their own files. */
const compiledPrecisions = precisions.filter((precision) => precision !== 'exact');

const flags = {
  name: { type: 'string', value: 'text', help: 'what to call the model; default: the last part of its own name' },
  precision: { type: 'string', value: 'name', help: `what to compile for: ${compiledPrecisions.join(', ')}` },
  revision: { type: 'string', value: 'text', help: 'a branch, tag or commit to pull; default: main' },
  json: jsonFlag,
} satisfies Flags;
type ModelFlags = Values<typeof flags>;

/** Each of the verbs, with what follows it. */
const verbs: Record<string, (argument: string | undefined, values: ModelFlags, signal: AbortSignal) => Promise<void>> =
  {
    list,
    info,
    pull: pullModel,
    add: addModel,
    compile,
    verify: verifyModel,
    remove: removeModel,
  };

export const modelCommands: Record<string, Command> = {
  models: {
    summary: 'models: list, info, pull, add, compile, verify, remove',
    usage: `list | info [model] | pull <model> | add <folder> | compile [model] | verify [model] | remove <model>

  list     what is installed, in RETONE_MODELS or your data folder, and what comes with Retone
  info     what a model is: its kind, its limits, its defaults, and where it came from
  pull     install a model from Hugging Face, or continue where it broke off:
           ${publishedModels.slice(0, 3).join(', ')},
           their -base variants, ${publishedModels.slice(-2).join(', ')}, or any repository, owner/name
  add      install a model from a folder with model_config.json and model.safetensors; so does pull ./folder
  compile  ready a model for --precision ahead of its first use
  verify   read a model's files again and compare their checksums
  remove   delete an installed model, or what has been fetched of one

Gated models need an access token in HF_TOKEN. HF_ENDPOINT names a mirror of Hugging Face.`,
    flags,
    async run(args, signal) {
      const { values, positionals } = parse(args, flags);
      const [verb = 'list', argument, ...more] = positionals;
      if (more.length > 0) throw new UsageError(`"${more[0]}" is one argument too many`);
      if (!Object.hasOwn(verbs, verb))
        throw new UsageError(`there is no "models ${verb}"; there are ${Object.keys(verbs).join(', ')}`);
      await verbs[verb]!(argument, values, signal);
    },
  },
};

async function list(_: string | undefined, { json }: ModelFlags): Promise<void> {
  const models = installedModels();
  if (json) return console.log(JSON.stringify(models));
  for (const { name, bytes, maxSeconds, objective, folder, problem } of models) {
    const limit = maxSeconds > 0 ? [`up to ${Math.floor(maxSeconds)} s`] : [];
    console.log(
      `${name}\n  ${problem ?? [bytesText(bytes), ...limit, kinds[objective] ?? objective].join(', ')}\n  ${folder}`,
    );
  }
  for (const [name, bytes] of await unfinished(modelsFolder()))
    console.log(`${name}\n  not installed yet: ${bytesText(bytes)} are there; pull it again to continue`);
}

/** Objectives in words. */
const kinds: Record<string, string> = {
  rf_denoiser: 'post-trained',
  rectified_flow: 'rectified flow',
  autoencoder: 'autoencoder alone',
};

async function info(model: string | undefined, { json }: ModelFlags): Promise<void> {
  const folder = findModel(model);
  const { config, file } = openAutoencoder(folder);
  const record = readRecord(folder);
  const weights = weightsOf(file);
  file.close();
  const facts = {
    name: basename(folder),
    folder,
    source: record?.source ?? null,
    commit: record?.commit ?? null,
    installedAt: record?.installedAt ?? null,
    sampleRate: config.sample_rate,
    ...weights,
    ...(config.model_type === 'autoencoder'
      ? { objective: 'autoencoder' }
      : {
          objective: config.model.diffusion.diffusion_objective as string,
          maxSeconds: config.sample_size / config.sample_rate,
          defaults: samplingDefaults(config),
        }),
  };
  if (json) return console.log(JSON.stringify(facts));
  const lines = [kinds[facts.objective] ?? facts.objective];
  if ('defaults' in facts) {
    const { sampler, steps, guidanceScale } = facts.defaults;
    lines.push(
      `${steps} ${sampler} steps, guidance ${guidanceScale}`,
      `up to ${Math.floor(facts.maxSeconds)} s at ${facts.sampleRate} Hz`,
    );
  }
  lines.push(`${(weights.parameters / 1e6).toFixed(0)} million parameters in ${weights.dtypes.join(', ')}`);
  if (record)
    lines.push(
      `from ${record.source}${record.commit ? ` at ${record.commit.slice(0, 12)}` : ''}, ${record.installedAt.slice(0, 10)}`,
    );
  console.log([facts.name, ...lines, folder].join('\n  '));
}

function weightsOf({ tensors }: SafetensorsFile): { parameters: number; dtypes: string[] } {
  let parameters = 0;
  const dtypes = new Set<string>();
  for (const { shape, dtype } of tensors.values()) {
    parameters += elementsOf(shape);
    dtypes.add(dtype);
  }
  return { parameters, dtypes: [...dtypes] };
}

async function pullModel(model: string | undefined, values: ModelFlags, signal: AbortSignal): Promise<void> {
  if (model === undefined) throw new UsageError(`pull takes a model: ${publishedModels.join(', ')}, or owner/name`);
  if (isFolder(model)) return addModel(model, values, signal);
  await installing(values, signal, (options) => pull(model, { ...options, revision: values.revision }));
}

/** Whether a model is named by its folder, not by its repository, which looks like a path as well. */
function isFolder(model: string): boolean {
  return isAbsolute(model) || /^\.\.?([/\\]|$)/.test(model);
}

async function addModel(folder: string | undefined, values: ModelFlags, signal: AbortSignal): Promise<void> {
  if (folder === undefined) throw new UsageError('add takes a folder with model_config.json and model.safetensors');
  await installing(values, signal, (options) => add(folder, options));
}

async function installing(
  { name, json = false }: ModelFlags,
  signal: AbortSignal,
  work: (options: Parameters<typeof add>[1]) => Promise<Installed>,
): Promise<void> {
  const bar = new ProgressBar(process.stderr, !json);
  const started = performance.now();
  const onProgress = ({ path, done, total, fetched }: GatherProgress) => {
    const speed = fetched / ((performance.now() - started) / 1000);
    const left = fetched > 1e6 ? (total - done) / speed : undefined;
    bar.draw(done / total, `${bytesText(done)} of ${bytesText(total)}, ${path}`, left);
  };
  const onNote = (note: string) => {
    bar.clear();
    console.error(`retone: ${note}`);
  };
  try {
    bar.note('asking what there is');
    const installed = await work({
      models: modelsFolder(),
      hub: Hub.fromEnvironment(),
      name,
      signal,
      onProgress,
      onNote,
    });
    bar.clear();
    const { source, commit, files } = installed.record;
    const bytes = files.reduce((sum, { size }) => sum + size, 0);
    if (json) return console.log(JSON.stringify({ ...installed, bytes }));
    const from = `${source}${commit ? ` at ${commit.slice(0, 12)}` : ''}`;
    console.log(
      installed.changed
        ? `${installed.name} is installed: ${bytesText(bytes)} from ${from}\n  ${installed.folder}`
        : `${installed.name} is up to date and whole: ${from}`,
    );
  } finally {
    bar.clear();
  }
}

async function verifyModel(
  model: string | undefined,
  { json = false }: ModelFlags,
  signal: AbortSignal,
): Promise<void> {
  const bar = new ProgressBar(process.stderr, !json);
  const onBytes = (done: number, total: number) => bar.draw(done / total, `${bytesText(done)} of ${bytesText(total)}`);
  const { folder, problems, compared } = await verify(model, { signal, onBytes });
  bar.clear();
  const name = basename(folder);
  if (problems.length > 0) {
    const { source, commit } = readRecord(folder) ?? {};
    const named = source === undefined || basename(source) === name ? '' : ` --name ${name}`;
    const again = `"retone models ${commit ? 'pull' : 'add'} ${source}${named}" mends it`;
    const remedy = source === undefined ? 'Remove it and install it again' : again;
    throw new HubError('bad-checksum', `${name} is damaged: ${problems.join('; ')}. ${remedy}`);
  }
  if (json) console.log(JSON.stringify({ name, folder, compared }));
  else if (compared === 0) console.log(`${name} can be opened; no checksums are on record for it`);
  else console.log(`${name} is whole: ${compared} files have the checksums that they were installed with`);
}

async function compile(model: string | undefined, { precision, json = false }: ModelFlags): Promise<void> {
  const folder = findModel(model);
  const wanted = precision === undefined ? compiledPrecisions : [parsePrecision(precision)];
  const bar = new ProgressBar(process.stderr, !json);
  try {
    for (const each of wanted) {
      bar.note(`looking at ${each}`);
      const loaded = await loadModel(folder, { precision: each, onCompile: () => bar.note(`compiling for ${each}`) });
      await loaded.release();
    }
  } finally {
    bar.clear();
  }
  const name = basename(folder);
  console.log(json ? JSON.stringify({ name, precisions: wanted }) : `${name} is ready for ${wanted.join(', ')}`);
}

async function removeModel(name: string | undefined, { json }: ModelFlags, signal: AbortSignal): Promise<void> {
  if (name === undefined) throw new UsageError('remove takes the name of an installed model');
  await remove(name, () => console.error(`retone: another process is installing ${name}; waiting for it`), signal);
  console.log(json ? JSON.stringify({ removed: name }) : `${name} is removed`);
}
