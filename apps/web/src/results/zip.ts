import { useIntake } from '../bench/intake.ts';
import { problemOf } from '../service/problems.ts';
import type { Run } from '../state/bench.ts';
import { fileName, fileUrl, saveBlob, standardForm } from './files.ts';

/** Downloads results as one zip file. */
export async function zipResults(runs: Run[]): Promise<void> {
  if (runs.length === 0) {
    const advice = 'Mark results as favourites, or make some, and try again.';
    return useIntake.setState({ problem: { title: 'There is nothing to download', advice } });
  }
  try {
    const { downloadZip } = await import('client-zip');
    const blob = await downloadZip(entries(runs)).blob();
    saveBlob(blob, 'retone-results.zip');
  } catch (error) {
    useIntake.setState({ problem: problemOf(error) });
  }
}

/** The files one after the other: the service converts few at once. */
async function* entries(runs: Run[]) {
  const used = new Set<string>();
  for (const run of runs) {
    const response = await fetch(fileUrl(run, standardForm));
    if (!response.ok) throw new Error(`a result could not be fetched (HTTP ${response.status})`);
    yield { name: unused(fileName(run, standardForm), used), input: response };
  }
}

/** A name that no other file of the archive has. */
function unused(name: string, used: Set<string>): string {
  let free = name;
  for (let count = 2; used.has(free); count++) free = name.replace(/(\.\w+)$/, `-${count}$1`);
  used.add(free);
  return free;
}
