import type { Model } from '@retone/engine';

/** A model that is loaded once for many files, when the first of them needs it. */
export class SharedModel {
  #model: Promise<Model> | undefined;

  of(load: () => Promise<Model>): Promise<Model> {
    this.#model ??= load();
    return this.#model;
  }

  async release(): Promise<void> {
    const model = await this.#model?.catch(() => undefined);
    await model?.release();
  }
}
