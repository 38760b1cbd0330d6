import { readJson } from '@retone/checkpoint';
import { download } from './download.ts';
import type { Part } from './gather.ts';
import type { Hub, RemoteFile, Repository } from './hub.ts';
import { type Installed, type InstallOptions, install } from './install.ts';
import { checkpointFiles, neededFile, pathsOf, repositoryOf, textEncoderFiles, textEncoderFor } from './wanted.ts';

export interface PullOptions extends InstallOptions {
  /** A branch, tag or commit; default: main. */
  revision?: string | undefined;
}

/**
 * Installs a model from the hub, with the text encoder that it names; brings one that is installed up to date.
 *
 * @param model a published model's name, or a repository owner/name
 * @throws HubError; the signal's reason when it is aborted
 */
export async function pull(model: string, options: PullOptions): Promise<Installed> {
  const { hub, revision, signal } = options;
  const source = repositoryOf(model);
  const name = options.name ?? source.split('/').at(-1)!;
  return install(
    name,
    source,
    async (installation) => {
      const repository = await hub.repository(source, revision, signal);
      // The small file first: it names the text encoder, and whether Retone can run the model at all.
      const config = remotePart(hub, neededFile(repository, 'model_config.json'), 'model_config.json');
      const weights = remoteParts(hub, repository, '', '', checkpointFiles);
      const path = installation.at(config.path);
      await config.get(path, { signal });
      const text = await textEncoder(readJson(path), options, repository);
      return { parts: [config, ...weights, ...text], commit: repository.commit };
    },
    options,
  );
}

/**
 * The parts of the text encoder that a configuration names, from the checkpoint's own repository or the one that it is
 * published in.
 */
export async function textEncoder(config: unknown, { hub, signal }: InstallOptions, own?: Repository): Promise<Part[]> {
  const text = textEncoderFor(config);
  if (!text) return [];
  if (own && (own.files.has(`${text.folder}/config.json`) || own.name === text.repository))
    return remoteParts(hub, own, text.folder, text.folder, textEncoderFiles);
  const other = await hub.repository(text.repository, undefined, signal);
  return remoteParts(hub, other, text.subfolder ?? '', text.folder, textEncoderFiles);
}

function remoteParts(
  hub: Hub,
  repository: Repository,
  from: string,
  to: string,
  names: typeof checkpointFiles,
): Part[] {
  return pathsOf(names, from, to, (path) => repository.files.has(path)).map(({ at, path }) =>
    remotePart(hub, neededFile(repository, at), path),
  );
}

function remotePart(hub: Hub, file: RemoteFile, path: string): Part {
  return { path, size: file.size, digest: file.digest, get: (target, options) => download(hub, file, target, options) };
}
