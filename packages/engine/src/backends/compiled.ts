import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { Checkpoint } from '@retone/checkpoint';
import { evictOldest, makeFolder, markUsed, writeAtomically } from '@retone/common';
import type { Graph } from '@retone/graph';
import { compileGraph, openCompiled, runtimeVersion, type SessionOptions } from '@retone/runtime';
import { cacheFolder, cacheLimit, writingCache } from '../cache/cache.ts';
import { describeFile, fingerprint } from '../cache/fingerprint.ts';
import { instructionSets } from '../cache/instruction-sets.ts';
import { matchesSeal, seal } from '../cache/seal.ts';
import type { CompiledMeasure, CompiledModel, CompiledSource } from '../keep.ts';
import type { Backend, Running } from './backend.ts';
import { exactBackend } from './exact.ts';
import { holdsStored, type InputPeaks, quantisedLinear } from './quantise.ts';
import { mapValues, settled } from './records.ts';

// Compiled graphs are kept in a folder of the user's cache: made once for a model, a precision and a kind of processor,
// then mapped into memory by every process. What is missing or damaged there is made again; entries that were not used for long are evicted,
// so that models that were replaced and earlier versions' copies do not pile up.

/** Raised whenever graphs, quantisation or calibration change, so that older copies are not used any more. */
const formatVersion = 4;

/** The folder of compiled models. */
export function compiledFolder(): string {
  return join(cacheFolder(), 'compiled');
}

/** A model in 8 bits. */
export function compiledModel(source: CompiledSource, options: SessionOptions): CompiledModel {
  const { checkpoint, adapters, precision } = source;
  const model = join(compiledFolder(), fingerprint(dependencies(checkpoint), adapters));
  const folder = join(model, precision);
  return { backend: compiledBackend(source, { model, folder }, options), measure: measureIn(folder) };
}

/** The folder of a compiled model, and in it that of one precision. */
interface CompiledFolders {
  model: string;
  folder: string;
}

function measureIn(folder: string): CompiledMeasure {
  const path = join(folder, 'difference.json');
  return {
    read() {
      try {
        const { difference } = JSON.parse(readFileSync(path, 'utf8')) as { difference: unknown };
        return typeof difference === 'number' ? difference : undefined;
      } catch {
        return undefined;
      }
    },
    write: (difference) => writeJson(path, { difference }),
  };
}

async function writeJson(path: string, value: object): Promise<void> {
  await writingCache(async () => {
    makeFolder(dirname(path));
    await writeAtomically(path, (part) => writeFile(part, JSON.stringify(value)));
  });
}

function compiledBackend(source: CompiledSource, { model, folder }: CompiledFolders, options: SessionOptions): Backend {
  let peaks: InputPeaks = new Map();
  let announced = false;

  const compile = async (weights: Parameters<Backend['open']>[0], builds: Record<string, () => Graph>) => {
    if (!announced) source.onCompile?.();
    announced = true;
    // Before anything that takes long: where nothing can be kept, nothing is compiled.
    await writingCache(() => makeFolder(folder));
    peaks = await knownPeaks(join(model, 'input-peaks.json'), source.calibrate);
    const graphs = mapValues(builds, (build) => build());
    weights.assertComplete();
    for (const [name, graph] of Object.entries(graphs)) await writingCache(() => install(graph, join(folder, name)));
    markUsed(model);
    evictOldest(compiledFolder(), cacheLimit('RETONE_COMPILED_GB'));
  };

  return {
    linear: (scope, x, out, parts) => quantisedLinear(scope, x, out, parts, { precision: source.precision, peaks }),
    async open(weights, builds, repeated) {
      markUsed(model);
      const missing = Object.entries<() => Graph>(builds).filter(([name]) => !matchesSeal(join(folder, name)));
      if (missing.length > 0) await compile(weights, Object.fromEntries(missing));
      const sessions: Record<string, Promise<Running>> = mapValues(builds, (_, name) => {
        const reserve = repeated?.includes(name);
        // Products with stored bytes are summed in an order that depends on the number of threads, and run once a generation.
        const threads = holdsStored(source.precision) && !reserve ? 1 : options.threads;
        return openCompiled(join(folder, name), { ...options, threads, reserve });
      });
      return settled(sessions);
    },
    uncompiled: exactBackend(options),
  };
}

/** Compiles a graph beside its place and moves it there, so that others see all of it or nothing. */
async function install(graph: Graph, folder: string): Promise<void> {
  const parent = resolve(folder, '..');
  makeFolder(parent);
  const making = join(parent, `making-${process.pid}-${Date.now()}`);
  mkdirSync(making);
  try {
    const gathered = join(making, 'gathered');
    await compileGraph(graph, making, gathered);
    rmSync(gathered);
    seal(making);
    if (existsSync(folder) && !matchesSeal(folder)) {
      // Moved away first: another process may be doing the same.
      const damaged = `${making}-damaged`;
      renameSync(folder, damaged);
      rmSync(damaged, { recursive: true });
    }
    renameSync(making, folder);
  } catch (error) {
    // Another process was faster.
    if (!matchesSeal(folder)) throw error;
  } finally {
    rmSync(making, { recursive: true, force: true });
  }
}

async function knownPeaks(path: string, calibrate: () => Promise<InputPeaks>): Promise<InputPeaks> {
  try {
    const stored = JSON.parse(readFileSync(path, 'utf8')) as Record<string, number[]>;
    return new Map(Object.entries(stored).map(([layer, peaks]) => [layer, Float32Array.from(peaks)]));
  } catch {
    // Not there, or not whole: found again.
  }
  const peaks = await calibrate();
  await writeJson(path, Object.fromEntries([...peaks].map(([layer, values]) => [layer, [...values]])));
  return peaks;
}

/** All that compiled graphs depend on, apart from the precision and the adapters. */
function dependencies({ config, file, text }: Checkpoint): unknown[] {
  return [
    [formatVersion, runtimeVersion, process.platform, process.arch, instructionSets()],
    [config, describeFile(file)],
    ...(text ? [[text.config, describeFile(text.file)]] : []),
  ];
}
