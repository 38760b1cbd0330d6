import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readSettings, unknownSettings } from '@retone/server';
import { expect, test } from 'vitest';

const deploy = fileURLToPath(new URL('../../../deploy/', import.meta.url));
const read = (name: string) => readFileSync(deploy + name, 'utf8');
const definitions = new URL('../../server/src/metric-definitions.ts', import.meta.url);
const metricsSource = readFileSync(fileURLToPath(definitions), 'utf8');

const hasPromtool = spawnSync('promtool', ['--version']).status === 0;
if (!hasPromtool)
  console.warn('The alert rules are not checked by promtool: it is not installed (Debian: prometheus).');

test.skipIf(!hasPromtool)('promtool takes the alert rules', () => {
  const said = execFileSync('promtool', ['check', 'rules', `${deploy}prometheus/alerts.yaml`], { encoding: 'utf8' });
  expect(said).toContain('SUCCESS');
});

test.skipIf(!hasPromtool)('each alert fires on what it is for, and none on a service that is well', () => {
  const said = execFileSync('promtool', ['test', 'rules', `${deploy}prometheus/alerts.test.yaml`], {
    encoding: 'utf8',
  });
  expect(said).toContain('SUCCESS');
});

test.each(['prometheus/alerts.yaml', 'grafana/retone.json'])('%s names only metrics that there are', (name) => {
  const named = new Set(read(name).match(/retone_[a-z_]+/g));
  for (const each of named) {
    const metric = each.replace(/_(bucket|count|sum)$/, '');
    expect(metricsSource, metric).toContain(`'${metric}'`);
  }
  expect(named.size).toBeGreaterThan(5);
});

const files = [
  'compose.yaml',
  'compose.cluster.yaml',
  'kubernetes.yaml',
  'systemd/retone.service',
  'Dockerfile',
  'README.md',
];
test.each([...files, 'proxy/nginx.conf'])('%s names only settings that there are', (name) => {
  const named = read(name).match(/\bRETONE_[A-Z0-9_]+/g) ?? [];
  expect(unknownSettings(Object.fromEntries(named.map((each) => [each, 'x'])))).toEqual([]);
});

test('the dashboard is JSON with panels, and the defaults of the settings hold', () => {
  const { panels } = JSON.parse(read('grafana/retone.json')) as { panels: { title: string; targets: unknown[] }[] };
  expect(panels.length).toBeGreaterThan(10);
  for (const { title, targets } of panels) expect([title, targets.length > 0]).toEqual([title, true]);
  expect(readSettings({})).toMatchObject({ RETONE_STOP_SECONDS: 20, RETONE_DRAIN_SECONDS: 0 });
});

const hasSystemd = spawnSync('systemd-analyze', ['--version']).status === 0;
if (!hasSystemd) console.warn('The systemd unit is not checked: systemd-analyze is not installed (Debian: systemd).');

test.skipIf(!hasSystemd)('systemd takes the unit, and calls it well hardened', () => {
  const folder = mkdtempSync(join(tmpdir(), 'retone-unit-'));
  try {
    const unit = join(folder, 'retone.service');
    // The programs that are run need not be installed here.
    const text = read('systemd/retone.service').replace(/^ExecStart=\S+/m, 'ExecStart=/bin/true');
    writeFileSync(unit, text.replace(/^WorkingDirectory=.*/m, 'WorkingDirectory=/'));
    expect(spawnSync('systemd-analyze', ['verify', unit], { encoding: 'utf8' })).toMatchObject({
      status: 0,
      stderr: '',
    });
    const options = ['security', '--offline=true', '--threshold=20', unit];
    expect(spawnSync('systemd-analyze', options).status).toBe(0);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
