import { expect, test } from 'vitest';
import { defaultPrecision, engineSettings } from '../src/settings.ts';

test('what is given comes before the environment, and that before the defaults', () => {
  expect(engineSettings({}, {})).toMatchObject({ precision: defaultPrecision, device: 'auto', spinning: true });
  const environment = { RETONE_PRECISION: 'balanced', RETONE_DEVICE: 'cpu', RETONE_THREADS: '3' };
  expect(engineSettings({}, environment)).toMatchObject({ precision: 'balanced', device: 'cpu', threads: 3 });
  expect(engineSettings({ precision: 'exact', threads: 1 }, environment)).toMatchObject({
    precision: 'exact',
    threads: 1,
  });
  expect(engineSettings({}, { RETONE_PRECISION: '', RETONE_THREADS: '' })).toEqual(engineSettings({}, {}));
});

test('threads spin between operators unless other work needs the cores', () => {
  const { threads } = engineSettings({}, {});
  expect(engineSettings({}, {})).toMatchObject({ threads, spinning: true });
  expect(engineSettings({ spinning: false }, {})).toMatchObject({ threads, spinning: false });
});

test.each([
  [{ precision: 'quick' }, 'the precision must be exact, balanced, fast (got "quick")'],
  [{ device: 'tpu' }, 'the device must be auto, cpu, webgpu, cuda, coreml, dml (got "tpu")'],
  [{ threads: 0 }, 'the number of threads must be an integer between 1 and 1024 (got 0)'],
  [{ threads: 1.5 }, 'the number of threads must be an integer between 1 and 1024 (got 1.5)'],
])('%o is refused', (given, message) => {
  expect(() => engineSettings(given, {})).toThrow(message);
});
