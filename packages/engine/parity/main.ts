import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { compare, Fixture } from './fixture.ts';
import { Engine } from './stages.ts';

// npm run parity [-- <folder> [case name prefix]]
// Runs every recorded case of a folder, or of the folders in it, through the engine, with one thread and with two, and
// prints one line per output. Without a folder: the repository's own fixtures.

const own = join(import.meta.dirname, '../fixtures');
const [root = own, only = ''] = process.argv.slice(2).filter((argument) => argument !== '--allow-missing');
if (!existsSync(root)) {
  console.error(`${root} does not exist; name a folder of fixtures, or pass --allow-missing`);
  process.exit(process.argv.includes('--allow-missing') ? 0 : 2);
}
const folders = existsSync(join(root, 'cases.json'))
  ? [root]
  : readdirSync(root)
      .map((name) => join(root, name))
      .filter((folder) => existsSync(join(folder, 'cases.json')));
if (folders.length === 0) {
  console.error(`${root} has no cases.json, and no folder in it has one`);
  process.exit(2);
}

let [passed, failed] = [0, 0];
for (const [folder, threads] of folders.flatMap((folder) => [[folder, 1] as const, [folder, 2] as const])) {
  const fixture = new Fixture(folder);
  const engine = new Engine(fixture, { threads });
  console.log(`# ${folder}, ${threads === 1 ? 'one thread' : `${threads} threads`}`);
  for (const each of fixture.cases) {
    if (!each.name.startsWith(only)) continue;
    let results: Awaited<ReturnType<Engine['run']>> = {};
    try {
      results = await engine.run(each);
    } catch (error) {
      console.log(`# ${each.name}: ${(error as Error).stack}`);
    }
    for (const [role, reference] of Object.entries(each.outputs)) {
      const { maxAbs, tolerance, ok } = compare(fixture, reference, results[role]);
      console.log(
        `${each.name}/${role} ${maxAbs.toExponential(2)} ${tolerance.toExponential(2)} ${ok ? 'ok' : 'FAIL'}`,
      );
      if (ok) passed++;
      else failed++;
    }
  }
}
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 && passed > 0 ? 0 : 1);
