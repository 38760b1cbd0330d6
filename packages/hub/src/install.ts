import { HubError } from './errors.ts';
import { type GatherOptions, gather, type Part } from './gather.ts';
import type { Hub } from './hub.ts';
import { Installation } from './installation.ts';
import { type InstallRecord, readRecord } from './record.ts';

export interface InstallOptions extends GatherOptions {
  hub: Hub;
  /** Name of the installed model; default: the last part of its repository's or folder's name. */
  name?: string | undefined;
  /** Called with a sentence for the user, such as that another process is at the same model. */
  onNote?: ((note: string) => void) | undefined;
}

export interface Installed {
  name: string;
  folder: string;
  /** False when it was there already, whole and up to date. */
  changed: boolean;
  record: InstallRecord;
}

/** Sources of a model to install, once its parts are known. */
interface Contents {
  parts: Part[];
  /** The commit, where it comes from a hub. */
  commit?: string;
}

/**
 * Installs a model: finds out its parts, gathers them, and puts them in place at once. What an earlier try has gathered is
 * not fetched again, nor is what another installed model has. A damaged model is mended by this.
 *
 * @param source a repository, or a folder
 * @param contents finds out the parts; the model's configuration is to be the first of them
 */
export async function install(
  name: string,
  source: string,
  contents: (installation: Installation) => Promise<Contents>,
  options: InstallOptions,
): Promise<Installed> {
  const { models, hub, signal, onNote } = options;
  const wait = () => onNote?.(`another process is installing ${name}; waiting for it`);
  const installation = await Installation.begin(models, name, wait, signal);
  try {
    const { folder } = installation;
    const known = readRecord(folder);
    if (installation.exists && known?.source !== source) {
      throw new HubError(
        'in-use',
        `a model named "${name}" is installed already, from ${known?.source ?? 'somewhere else'}; give this one another ` +
          `name with --name, or remove that one first: retone models remove ${name}`,
      );
    }
    const { parts, commit } = await contents(installation);
    const { files, fetched } = await gather(installation, parts, options);
    const origin = commit === undefined ? { source } : { source, hub: hub.url, commit };
    const record: InstallRecord = { ...origin, installedAt: new Date().toISOString(), files };
    const changed = fetched > 0 || JSON.stringify(known?.files) !== JSON.stringify(files);
    if (changed) await installation.finish(record);
    else await installation.discard();
    return { name, folder, changed, record };
  } finally {
    installation.close();
  }
}
