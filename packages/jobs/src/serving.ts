import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { builtInModel, findModel, parseModelConfig, readJson } from '@retone/checkpoint';
import { CodedError } from '@retone/common';
import { contractLimits, type ModelLimits, modelIds, shortName } from '@retone/contract';
import { type SamplerName, type SamplingDefaults, samplers, samplingDefaults } from '@retone/engine';
import { z } from 'zod';

const samplerNames = Object.keys(samplers) as [SamplerName, ...SamplerName[]];
/** The checkpoint that serves a public model: its name or folder, and settings that override its defaults. */
const choice = z.union([
  z.string().transform((model) => ({ model })),
  z.strictObject({
    model: z.string(),
    steps: z.int().min(1).max(100).optional(),
    guidance_scale: z.number().min(0).max(25).optional(),
    sampler: z.enum(samplerNames).optional(),
  }),
]);
type Choices = Partial<
  Record<string, { model: string; steps?: number; guidance_scale?: number; sampler?: SamplerName }>
>;

const suffixes = modelIds.map(shortName);
const schema = z.partialRecord(z.enum(suffixes), choice);

/** The checkpoint that serves a public model. */
export interface Served {
  folder: string;
  limits: ModelLimits;
  /** Default: the checkpoint's own. */
  sampler: SamplerName | undefined;
}

interface KnownCheckpoint {
  folder: string;
  changed: number | undefined;
  maxSeconds: number;
  totalSeconds: number;
  defaults: SamplingDefaults;
}

const configName = 'model_config.json';

/** Settings of serving that cannot be used. */
export class ServingError extends CodedError<'bad-serving'> {}

/**
 * Which checkpoint serves which public model: one for all, and a file for those that have another,
 * `{"music": "stable-audio-3-medium", "text-to-audio": {"model": "stable-audio-3-small-sfx-base", "steps": 40}}`.
 * The file is read again when it changes, so that models can be swapped while the service runs.
 */
export class Serving {
  readonly #model: string | undefined;
  readonly #path: string | undefined;
  readonly #onError: (error: Error) => void;
  readonly #known = new Map<string, KnownCheckpoint>();
  #choices: Choices = {};
  #changed: number | undefined;

  /**
   * @param options.onError is called when the file changes into an invalid one; the previous settings then stay in use
   * @throws ServingError when the file cannot be used
   */
  constructor(
    options: { model?: string | undefined; path?: string | undefined; onError?: (error: Error) => void } = {},
  ) {
    this.#model = options.model;
    this.#path = options.path;
    this.#onError = options.onError ?? (() => {});
    if (this.#path === undefined) return;
    this.#changed = changeOf(this.#path);
    this.#choices = readChoices(this.#path);
  }

  /** @throws CheckpointError when the checkpoint is not installed here, or is none that can be run */
  of(publicId: string): Served {
    this.#readAgain();
    const own = this.#choices[shortName(publicId)];
    const { folder, maxSeconds, totalSeconds, defaults } = this.#checkpoint(own?.model ?? this.#model);
    return {
      folder,
      limits: {
        maxSeconds,
        totalSeconds,
        steps: own?.steps ?? defaults.steps,
        guidanceScale: own?.guidance_scale ?? defaults.guidanceScale,
      },
      sampler: own?.sampler,
    };
  }

  /** The relevant parts of a checkpoint's configuration; read again when it changes. */
  #checkpoint(model: string | undefined): KnownCheckpoint {
    const known = this.#known.get(model ?? '');
    if (known && changeOf(join(known.folder, configName)) === known.changed) return known;
    const folder = findModel(model);
    const path = join(folder, configName);
    const config = parseModelConfig(readJson(path), path);
    // The built-in model keeps to the hosted service's limit, whatever it could do.
    const isBuiltIn = folder === findModel(builtInModel);
    const longest = Math.floor(config.sample_size / config.sample_rate);
    const found: KnownCheckpoint = {
      folder,
      changed: changeOf(path),
      maxSeconds: isBuiltIn ? contractLimits.maxSeconds : longest,
      totalSeconds: longest,
      defaults: samplingDefaults(config),
    };
    this.#known.set(model ?? '', found);
    return found;
  }

  #readAgain(): void {
    if (this.#path === undefined) return;
    const changed = changeOf(this.#path) ?? this.#changed;
    if (changed === this.#changed) return;
    this.#changed = changed;
    try {
      this.#choices = readChoices(this.#path);
    } catch (error) {
      this.#onError(error as Error);
    }
  }
}

function changeOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs;
}

function readChoices(path: string): Choices {
  const fail = (what: string): never => {
    throw new ServingError('bad-serving', `${path}, which says what serves which model, ${what}`);
  };
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    return fail(`cannot be read: ${(error as Error).message.replace(/\s+/g, ' ')}`);
  }
  const result = schema.safeParse(json);
  if (result.success) return result.data as Choices;
  const [issue] = result.error.issues;
  return fail(
    `is wrong at ${issue!.path.join('.') || 'its top'}: ${issue!.message}; for each of ${suffixes.join(', ')} it takes the ` +
      'name or folder of a checkpoint, or {"model", "steps", "guidance_scale", "sampler"}',
  );
}
