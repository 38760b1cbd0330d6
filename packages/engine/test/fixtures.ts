import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

// Values that the reference implementation computed. The smallest ones are in the repository (`packages/engine/fixtures`);
// all of them can lie beside it, in `../shared/fixtures`, and are then used as well.

const own = fileURLToPath(new URL('../fixtures', import.meta.url));
const shared = fileURLToPath(new URL('../../../../shared/fixtures', import.meta.url));

/** A small model with adapters, which every clone has. */
export const tinySmall = `${own}/tiny-small`;

const isMissing = !existsSync(`${tinySmall}/model.safetensors`);

/** Whether tests may go without the repository's own fixtures, because `RETONE_ALLOW_MISSING` is set. */
export const fixturesMissing = isMissing && Boolean(process.env.RETONE_ALLOW_MISSING);

if (isMissing && !fixturesMissing) {
  throw new Error(
    `${tinySmall} must have a model.safetensors; set RETONE_ALLOW_MISSING=1 to skip the tests that need it`,
  );
}

/** The folders in which a fixture is: the repository's own first, and then the complete one beside the repository. */
export function foldersOf(name: string): string[] {
  return [own, shared].map((folder) => `${folder}/${name}`).filter((folder) => existsSync(folder));
}

/** The folder of a fixture that {@link present} has found. */
export function fixture(name: string): string {
  const [folder] = foldersOf(name);
  if (!folder) throw new Error(`the fixture ${name} must be in ${own} or ${shared}`);
  return folder;
}

/** Of some cases, whose first part names a fixture, those whose fixture is present. Names the others on standard error. */
export function present<Case extends string | readonly [string, ...unknown[]]>(cases: readonly Case[]): Case[] {
  const nameOf = (each: Case) => (typeof each === 'string' ? each : each[0]);
  const absent = cases.filter((each) => foldersOf(nameOf(each)).length === 0);
  for (const each of absent) console.warn(`SKIPPED: ${JSON.stringify(each)} needs ../shared/fixtures/${nameOf(each)}`);
  return cases.filter((each) => !absent.includes(each));
}
