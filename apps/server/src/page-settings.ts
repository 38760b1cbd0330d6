import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { CheckpointError, parseWords, readJson } from '@retone/checkpoint';
import type { ModelId } from '@retone/contract';
import type { Service } from './service.ts';

/** Facts that the page needs before its first request. */
export interface PageSettings {
  /** Whether prices and credit are shown: only where the operator has turned billing on. */
  billing: boolean;
  /** Days after which results are deleted; null: never. */
  retentionDays: number | null;
  /** Words that the transforming model knows; empty if it reads free text. */
  vocabulary: string[];
  /** The checkpoint that serves each model on this machine. */
  checkpoints: Partial<Record<ModelId, { name: string }>>;
}

export function pageSettings(service: Service): PageSettings {
  const { RETONE_BILLING: billing, RETONE_RETENTION_DAYS: days } = service.settings;
  const folders = service.models.all.flatMap(({ id }) => {
    const folder = folderOf(service, id);
    return folder === undefined ? [] : [[id, folder] as const];
  });
  return {
    billing: billing === 'on',
    retentionDays: days ?? null,
    vocabulary: folders[0] ? vocabularyOf(folders[0][1]) : [],
    checkpoints: Object.fromEntries(folders.map(([id, folder]) => [id, { name: basename(folder) }])),
  };
}

/** The folder of what serves a model; an API alone may have none. */
function folderOf(service: Service, id: ModelId): string | undefined {
  try {
    return service.models.folderOf(id);
  } catch (error) {
    if (error instanceof CheckpointError) return undefined;
    throw error;
  }
}

/** The words and phrases that a model was trained on and that others are read as: its instruments, moods and spaces. */
function vocabularyOf(folder: string): string[] {
  const file = join(folder, 'words.json');
  return existsSync(file) ? Object.keys(parseWords(readJson(file), file).nearest) : [];
}
