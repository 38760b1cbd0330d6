import { openAsBlob } from 'node:fs';
import { basename } from 'node:path';
import type { Retone } from '@retone/client';

/** Context of the tools. */
export class Toolbox {
  readonly client: Retone;
  /** Whether callers may name files of this machine: over stdio they are its user's own programs, over HTTP they are not. */
  readonly mayUseFiles: boolean;

  constructor(client: Retone, mayUseFiles: boolean) {
    this.client = client;
    this.mayUseFiles = mayUseFiles;
  }

  /** The value of `audio` for the service: files are uploaded, and earlier results are named by their URL. */
  async source(audio: string): Promise<string> {
    const [, id] = /^retone:\/\/tasks\/([0-9a-f]+)$/.exec(audio) ?? [];
    if (id) {
      const { outputs, status } = await this.client.task(id);
      if (outputs[0]) return outputs[0];
      throw new Error(`audio must be a completed task (${id} is ${status})`);
    }
    if (/^(https?|data):/i.test(audio)) return audio;
    if (!this.mayUseFiles) throw new Error('audio must be an http(s) URL, a data URI or retone://tasks/<id>');
    let file: Blob;
    try {
      file = await openAsBlob(audio);
    } catch {
      throw new Error(`audio must be a file that can be read (got ${audio})`);
    }
    return this.client.upload(file, basename(audio));
  }
}
