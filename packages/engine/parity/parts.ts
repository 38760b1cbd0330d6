import { openCheckpoint, Weights } from '@retone/checkpoint';
import type { SessionOptions } from '@retone/runtime';
import { exactBackend } from '../src/backends/exact.ts';
import {
  Conditioners,
  type Conditioning,
  NumberConditioner,
  PromptConditioner,
} from '../src/conditioning/conditioners.ts';
import { loadModel } from '../src/load.ts';
import { Dit, type DitConditions, type PaddingMode } from '../src/networks/dit.ts';
import type { Case, Fixture } from './fixture.ts';

/** The engine's parts for one fixture, loaded as cases ask for them. */
export class Parts {
  readonly fixture: Fixture;
  readonly options: SessionOptions;
  readonly #loaded = new Map<string, Promise<unknown>>();

  constructor(fixture: Fixture, options: SessionOptions = {}) {
    this.fixture = fixture;
    this.options = options;
  }

  once<Part>(key: string, load: () => Promise<Part>): Promise<Part> {
    if (!this.#loaded.has(key)) this.#loaded.set(key, load());
    return this.#loaded.get(key) as Promise<Part>;
  }

  checkpoint() {
    return this.once('checkpoint', async () => openCheckpoint(this.fixture.folder, this.fixture.files));
  }

  async weights() {
    return new Weights((await this.checkpoint()).file);
  }

  model(padding: PaddingMode) {
    return this.once(`model ${padding}`, () =>
      loadModel(this.fixture.folder, { ...this.options, files: this.fixture.files, padding }),
    );
  }

  probedDit(padding: PaddingMode = 'zero-values') {
    return this.once(`dit ${padding}`, async () => {
      const { config } = await this.checkpoint();
      const backend = exactBackend(this.options);
      return Dit.load(config.model.diffusion.config, await this.weights(), { backend, padding, probes: true });
    });
  }

  promptParts() {
    return this.once('prompt', async () => {
      const checkpoint = await this.checkpoint();
      const { configs, cond_dim: width } = checkpoint.config.model.conditioning;
      const config = configs.find((conditioner) => conditioner.type === 't5gemma')!;
      const prefix = `conditioner.conditioners.${config.id}`;
      return PromptConditioner.load(
        config.config,
        checkpoint,
        await this.weights(),
        prefix,
        width,
        exactBackend(this.options),
      );
    });
  }

  async number(weights?: Weights) {
    const checkpoint = await this.checkpoint();
    const { configs, cond_dim: width } = checkpoint.config.model.conditioning;
    const numbers = configs.filter((conditioner) => conditioner.type === 'number');
    const config = numbers.find(({ id }) => id === 'seconds_total') ?? numbers[0]!;
    return new NumberConditioner(
      config.config,
      weights ?? (await this.weights()),
      `conditioner.conditioners.${config.id}`,
      width,
    );
  }

  conditioners() {
    return this.once('conditioners', async () =>
      Conditioners.load(await this.checkpoint(), await this.weights(), exactBackend(this.options)),
    );
  }

  /** Values that a case gives for the model's conditioners, by id. */
  async otherConditions(params: Case['params']): Promise<Conditioning> {
    const { config } = await this.checkpoint();
    const given = config.model.conditioning.configs.filter(({ id }) => id in params);
    return Object.fromEntries(given.map(({ id }) => [id, params[id]]));
  }

  ditConditions(each: Case): DitConditions {
    return {
      cross: this.fixture.input(each, 'cross_attn_cond'),
      global: this.fixture.input(each, 'global_cond'),
      local: this.fixture.input(each, 'local_add_cond'),
    };
  }
}

/** How the reference treated padded frames when a case was recorded; it did without its variable-length kernel unless the case says so. */
export function paddingOf({ params }: Case): PaddingMode {
  const padding = params.padding ?? 'zero-values';
  if (padding === 'omit' || padding === 'zero-values') return padding;
  throw new Error(`padding is "${padding}"; known are omit and zero-values`);
}
