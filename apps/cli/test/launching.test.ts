import { execFileSync, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const bin = fileURLToPath(new URL('../src/retone.js', import.meta.url));

/** Another installation of Node in the path, older than what Retone runs on. */
const old = (process.env.PATH ?? '').split(':').find((folder) => {
  const { stdout } = spawnSync(`${folder}/node`, ['--version'], { encoding: 'utf8' });
  return /^v(1\d|2[0-3])\./.test(stdout ?? '');
});

test('the command starts', () => {
  expect(execFileSync(process.execPath, [bin, '--version'], { encoding: 'utf8' })).toMatch(/^\d+\.\d+\.\d+\n$/);
});

test('an older version of Node gets a sentence, from its number or from itself', () => {
  const pretend = "Object.defineProperty(process.versions, 'node', { value: '20.1.0' })";
  const outcomes = [
    spawnSync(process.execPath, ['--import', `data:text/javascript,${encodeURIComponent(pretend)}`, bin, 'models']),
    ...(old ? [spawnSync(`${old}/node`, [bin, 'models'])] : []),
  ];
  for (const { status, stderr, stdout } of outcomes) {
    expect(String(stderr)).toMatch(/^retone: Node must be version 24 or later \(got \S+, \S+\); .*npm ci.*\n$/);
    expect(String(stdout)).toBe('');
    expect(status).toBe(1);
  }
});
