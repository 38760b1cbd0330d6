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
  [{ precision: 'quick' }, 'the precision is "quick"; it takes exact, balanced, fast'],
  [{ device: 'tpu' }, 'the device is "tpu"; it takes auto, cpu, webgpu, cuda, coreml, dml'],
  [{ threads: 0 }, 'the number of threads is 0; it takes one from 1 to 1024'],
  [{ threads: 1.5 }, 'the number of threads is 1.5; it takes one from 1 to 1024'],
])('%o is refused', (given, message) => {
  expect(() => engineSettings(given, {})).toThrow(message);
});
