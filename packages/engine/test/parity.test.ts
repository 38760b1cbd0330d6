import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { compare, Fixture } from '../parity/fixture.ts';
import { Engine } from '../parity/stages.ts';
import { fixturesFolder, fixturesMissing } from './fixtures.ts';

describe.skipIf(fixturesMissing)('recorded cases of the reference implementation', () => {
  const folders = fixturesMissing
    ? []
    : readdirSync(fixturesFolder, { withFileTypes: true }).filter((entry) => entry.isDirectory());

  test.each(folders.map(({ name }) => name))('%s', async (name) => {
    const fixture = new Fixture(join(fixturesFolder, name));
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
});
