import { Tokenizer as HubTokenizer } from '@huggingface/tokenizers';
import { CheckpointError } from '@retone/checkpoint';

/** Token ids of a prompt, without padding. */
export interface Tokens {
  /** At most `maxLength` ids. */
  ids: number[];
  /** The ids behind them, which are cut off. */
  rest: number[];
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
    if (prompt === '') return { ids: [], rest: [] };
    const { ids } = this.#tokenizer.encode(prompt, { add_special_tokens: false });
    return { ids: ids.slice(0, maxLength), rest: ids.slice(maxLength) };
  }

  /** The text of some tokens, as far as it can be recovered from them. */
  decode(ids: readonly number[]): string {
    return this.#tokenizer.decode([...ids], { skip_special_tokens: true });
  }
}
