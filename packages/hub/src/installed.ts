import { statSync } from 'node:fs';
import { join } from 'node:path';
import { findModel, modelsFolder } from '@retone/checkpoint';
import { sha256Of } from './content.ts';
import { HubError } from './errors.ts';
import { problemOf } from './gather.ts';
import { Installation, unfinished } from './installation.ts';
import { readRecord } from './record.ts';

export interface Verification {
  folder: string;
  /** Faults, one sentence each; empty if there is none. */
  problems: string[];
  /** How many files were compared with their checksum; 0 for a folder that was not installed, which has none on record. */
  compared: number;
}

/**
 * Reads all files of a model again and compares them with the checksums that they had when it was installed.
 *
 * @param onBytes receives the number of bytes read, and the total
 * @throws CheckpointError when there is no such model
 */
export async function verify(
  model: string | undefined,
  { signal, onBytes }: { signal?: AbortSignal; onBytes?: (done: number, total: number) => void } = {},
): Promise<Verification> {
  const folder = findModel(model);
  const files = readRecord(folder)?.files ?? [];
  const total = files.reduce((sum, { size }) => sum + size, 0);
  const problems: string[] = [];
  let done = 0;
  for (const { path, size, sha256 } of files) {
    const stat = statSync(join(folder, path), { throwIfNoEntry: false });
    if (!stat) problems.push(`${path} is missing`);
    else if (stat.size !== size) problems.push(`${path} has ${stat.size} bytes instead of ${size}`);
    else {
      const report = (count: number) => {
        done += count;
        onBytes?.(done, total);
      };
      if ((await sha256Of(join(folder, path), { signal, onBytes: report })) !== sha256)
        problems.push(`${path} is not what was installed: its checksum is another`);
    }
  }
  const problem = problems.length === 0 ? problemOf(folder) : undefined;
  return { folder, problems: problem ? [problem] : problems, compared: files.length };
}

/**
 * Removes an installed model, and what was fetched of one that is not installed yet.
 *
 * @throws HubError when there is neither, or the model comes with Retone
 */
export async function remove(name: string, onWait: () => void, signal?: AbortSignal): Promise<void> {
  const models = modelsFolder();
  const installation = await Installation.begin(models, name, onWait, signal);
  try {
    const { exists } = installation;
    if (!exists && !(await unfinished(models)).has(name)) {
      throw new HubError(
        'not-found',
        `no model "${name}" is installed in ${models}; retone models list shows those that are`,
      );
    }
    await installation.remove();
  } finally {
    installation.close();
  }
}
