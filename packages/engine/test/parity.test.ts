import { expect, test } from 'vitest';
import { foldersOf, present } from '../fixtures/fixtures.ts';
import { compare, Fixture } from '../parity/fixture.ts';
import { Engine } from '../parity/stages.ts';

const names = present(['schedules', 'tiny-small', 'tiny-medium', 'tiny-base', 'served-small']);

test.each(names.flatMap(foldersOf))('the recorded cases of the reference implementation in %s', async (folder) => {
  const fixture = new Fixture(folder);
  const engine = new Engine(fixture);
  expect(fixture.cases.length).toBeGreaterThan(0);
  const failures: string[] = [];
  for (const each of fixture.cases) {
    const results = await engine.run(each);
    for (const [role, reference] of Object.entries(each.outputs)) {
      const { maxAbs, tolerance, ok } = compare(fixture, reference, results[role]);
      if (!ok) failures.push(`${each.name}/${role} ${maxAbs} > ${tolerance}`);
    }
  }
  expect(failures).toEqual([]);
});
