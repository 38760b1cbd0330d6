import { audioToAudio, loadModel, MemoryFiles, type Tensor } from '@retone/engine';
import { configureRuntime } from '@retone/runtime/web';
import { compare, Fixture } from '../../../../packages/engine/parity/fixture.ts';
import { Engine } from '../../../../packages/engine/parity/stages.ts';
import { download } from '../../src/device/download.ts';

// Runs in a worker of a browser: the recorded cases of the reference, and a transform whose result is compared with Node's.

/** One output of a case that differs from the reference, or all outputs that were compared. */
export interface ParityReport {
  compared: number;
  failures: string[];
}

export interface Transformed {
  audio: Float32Array;
  milliseconds: { load: number; transform: number };
  /** Whether it had threads. */
  isolated: boolean;
}

interface Jobs {
  /** URLs of folders, with a slash at the end. */
  folder: string;
  fixture: string;
}

const jobs = {
  /** @param files the fixture's files, from its folder */
  async parity({ folder, fixture }: Jobs, files: readonly string[]): Promise<ParityReport> {
    await runtime(folder);
    const read = async (path: string) => [path, await (await fetch(new URL(path, fixture))).bytes()] as const;
    const recorded = new Fixture('', new MemoryFiles(await Promise.all(files.map(read))));
    const engine = new Engine(recorded);
    const report: ParityReport = { compared: 0, failures: [] };
    for (const each of recorded.cases) {
      const results = await engine.run(each);
      for (const [role, reference] of Object.entries(each.outputs)) {
        const { maxAbs, tolerance, ok } = compare(recorded, reference, results[role]);
        report.compared++;
        if (!ok) report.failures.push(`${each.name}/${role} ${maxAbs} > ${tolerance}`);
      }
    }
    return report;
  },

  async transform({ folder }: Jobs, audio: Tensor, options: { prompt: string; seed: number }): Promise<Transformed> {
    const since = performance.now();
    const files = await runtime(folder);
    const model = await loadModel('model', { files: new MemoryFiles(files) });
    const loaded = performance.now();
    const made = await audioToAudio(model, { ...options, audio, initNoiseLevel: 0.6 });
    const milliseconds = { load: loaded - since, transform: performance.now() - loaded };
    return { audio: made.data, milliseconds, isolated: crossOriginIsolated };
  },
};

async function runtime(folder: string) {
  const files = await download(folder, () => {});
  configureRuntime({ wasm: files.get('ort.wasm')!, script: new URL('ort.mjs', folder).href });
  return files;
}

addEventListener('message', async ({ data: [name, ...values] }) => {
  try {
    postMessage({ result: await (jobs[name as keyof typeof jobs] as (...values: unknown[]) => unknown)(...values) });
  } catch (error) {
    postMessage({ error: String((error as Error).stack ?? error) });
  }
});
