import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The recorded fixtures, which lie beside the repository. */
export const fixturesFolder = fileURLToPath(new URL('../../../../shared/fixtures', import.meta.url));

/** Absent fixtures fail the tests where they count, and skip them on a machine that was never given them. */
export const fixturesMissing = !existsSync(fixturesFolder) && !process.env.CI;

export const tinySmall = `${fixturesFolder}/tiny-small`;
