import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** An access token, and where it was found, for messages. It is sent to the hub alone, and appears in no message. */
export interface Token {
  value: string;
  source: string;
}

/** The user's token: `HF_TOKEN`, its older name, or the file that `hf auth login` writes. */
export function readToken(environment: NodeJS.ProcessEnv): Token | undefined {
  for (const source of ['HF_TOKEN', 'HUGGING_FACE_HUB_TOKEN']) {
    const value = environment[source]?.trim();
    if (value) return { value, source };
  }
  const cache = environment.XDG_CACHE_HOME ?? join(homedir(), '.cache');
  const path = environment.HF_TOKEN_PATH ?? join(environment.HF_HOME ?? join(cache, 'huggingface'), 'token');
  try {
    const value = readFileSync(path, 'utf8').trim();
    return value ? { value, source: path } : undefined;
  } catch {
    return undefined;
  }
}
