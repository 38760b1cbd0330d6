import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { findModel } from '@retone/checkpoint';

/** A folder with checkpoints to publish and a place to install them in. The weights are those of the built-in model. */
export class Workplace {
  readonly folder = mkdtempSync(join(tmpdir(), 'retone-hub-'));
  readonly models = join(this.folder, 'models');

  /**
   * Writes a checkpoint to publish.
   *
   * @param change what to change in its configuration
   * @param extra files beside it, by path
   */
  // biome-ignore lint/suspicious/noExplicitAny: tests change configurations in every way
  checkpoint(name: string, change: (config: any) => void = () => {}, extra: Record<string, string> = {}): string {
    const folder = join(this.folder, 'published', name);
    cpSync(findModel(), folder, { recursive: true });
    const config = JSON.parse(readFileSync(join(folder, 'model_config.json'), 'utf8'));
    change(config);
    writeFileSync(join(folder, 'model_config.json'), JSON.stringify(config));
    for (const [path, text] of Object.entries(extra)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    return folder;
  }

  /** A repository with the text encoder alone, at its root, as the one that official configurations name. */
  textEncoder(): string {
    const folder = join(this.folder, 'published', 'text');
    cpSync(join(findModel(), 'text-encoder'), folder, { recursive: true });
    return folder;
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Makes a configuration name the published text encoder, which is in a separate repository. */
// biome-ignore lint/suspicious/noExplicitAny: a configuration of any kind
export function withPublishedTextEncoder(config: any): void {
  const { config: prompt } = config.model.conditioning.configs.find(
    (each: { type: string }) => each.type === 't5gemma',
  );
  delete prompt.repo_id;
  delete prompt.subfolder;
}
