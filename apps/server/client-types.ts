import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeTypes } from '../../packages/client/generate.ts';
import { buildApp, readSettings, Service } from './src/index.ts';

// `npm run client-types` brings the client's types up to date with the API.

const folder = mkdtempSync(join(tmpdir(), 'retone-types-'));
const service = await Service.open(readSettings({ RETONE_DATA: folder }), {
  log: { info() {}, warn() {}, error() {} },
});
const app = buildApp(service);
await app.ready();
await writeTypes(app.swagger() as Parameters<typeof writeTypes>[0]);
await app.close();
await service.close();
rmSync(folder, { recursive: true });
