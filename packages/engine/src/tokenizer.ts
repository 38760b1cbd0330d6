import { Tokenizer as HubTokenizer } from '@huggingface/tokenizers';
import { CheckpointError } from '@retone/checkpoint';

/** Token ids of a prompt, without padding. */
export interface Tokens {
  /** At most `maxLength` ids. */
  ids: number[];
  /** How many tokens the prompt has in all; more than `ids.length` when it was cut. */
  total: number;
}

/** A prompt's tokenizer, from the checkpoint's `tokenizer.json`. No tokens are added in front or behind. */
export class Tokenizer {
  readonly #tokenizer: HubTokenizer;

  /** @throws CheckpointError when the files are not what the tokenizer library reads. */
  constructor(tokenizer: unknown, config: unknown) {
    try {
      this.#tokenizer = new HubTokenizer(tokenizer as object, config as object);
    } catch (cause) {
      throw new CheckpointError('unsupported', `tokenizer.json cannot be used: ${(cause as Error).message}`, { cause });
    }
  }

  /** Encodes a prompt, keeping the first `maxLength` tokens. */
  encode(prompt: string, maxLength: number): Tokens {
    if (prompt === '') return { ids: [], total: 0 };
    const { ids } = this.#tokenizer.encode(prompt, { add_special_tokens: false });
    return { ids: ids.slice(0, maxLength), total: ids.length };
  }
}
