import type { SessionOptions } from '@retone/runtime';
import { autoencoder } from './autoencoder.ts';
import { adapters, dit, sampler, schedule, timestep } from './diffusion.ts';
import { endToEnd } from './end-to-end.ts';
import type { Case, Fixture } from './fixture.ts';
import { Parts } from './parts.ts';
import type { Results } from './tensors.ts';
import { conditions, promptConditioner, seconds, textEncoder, tokenizer } from './text.ts';

// Runs each kind of recorded case through the engine's own parts, the way generation uses them. What an engine option
// selects (padding mode, schedule, noise) is set to what the reference did when the cases were recorded.

/** The stage of a case by the beginning of its name. */
const stages: Record<string, (parts: Parts, each: Case) => Promise<Results>> = {
  'tok/': tokenizer,
  'text/': (parts, each) => (each.name.endsWith('/conditioner') ? promptConditioner : textEncoder)(parts, each),
  'seconds/': seconds,
  'timestep/': timestep,
  'cond/': conditions,
  'dit/': dit,
  'sampler/': sampler,
  'ae/': autoencoder,
  'e2e/': endToEnd,
  'lora/': adapters,
};

/** The engine that runs the cases of one fixture. */
export class Engine {
  readonly #parts: Parts;

  constructor(fixture: Fixture, options: SessionOptions = {}) {
    this.#parts = new Parts(fixture, options);
  }

  /** Runs a case and returns its outputs by role. */
  async run(each: Case): Promise<Results> {
    const prefix = Object.keys(stages).find((beginning) => each.name.startsWith(beginning));
    if (prefix) return stages[prefix]!(this.#parts, each);
    if (each.stage.startsWith('schedule')) return schedule(each);
    throw new Error(`no stage for ${each.name}`);
  }
}
