import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CheckpointError, readJson } from '@retone/checkpoint';
import { z } from 'zod';

const schema = z.object({
  /** A repository, or the folder that the model was added from. */
  source: z.string(),
  /** The hub that the repository is at, and the commit. */
  hub: z.string().optional(),
  commit: z.string().optional(),
  installedAt: z.iso.datetime(),
  files: z.array(z.object({ path: z.string(), size: z.number(), sha256: z.string() })),
});

/** Where an installed model came from, and what its files are: `installed.json` in its folder. */
export type InstallRecord = z.infer<typeof schema>;

const fileName = 'installed.json';

export async function writeRecord(folder: string, record: InstallRecord): Promise<void> {
  await writeFile(join(folder, fileName), `${JSON.stringify(record, undefined, 2)}\n`);
}

/** The record in a model's folder; undefined where there is none that can be read, as in folders put there by hand. */
export function readRecord(folder: string): InstallRecord | undefined {
  try {
    return schema.safeParse(readJson(join(folder, fileName))).data;
  } catch (error) {
    if (error instanceof CheckpointError) return undefined;
    throw error;
  }
}
