import { expect, test } from 'vitest';
import { stageOf, statusOf } from '../../src/runs/words.ts';
import { inTheirWords } from '../../src/shared/parameter-names.ts';

test('messages of the service name fields as the page labels them', () => {
  expect(inTheirWords('mask_end_seconds must be within the recording of 4 s (got 5)')).toBe(
    '“To” must be within the recording of 4 s (got 5)',
  );
  expect(inTheirWords('nothing to replace here')).toBe('nothing to replace here');
});

test('a run says its step from the first on, and no time before it is known', () => {
  const news = (fraction: number, step: number, left: number) => ({
    phase: 'processing' as const,
    news: {
      status: 'processing' as const,
      error: '',
      error_code: '',
      tasks_ahead: null,
      seconds_left: left,
      progress: { stage: 'sample' as const, fraction, step, steps: 8 },
    },
  });
  expect(stageOf(news(0.15, 0, 90))).toBe('Step 1 of 8');
  expect(statusOf(news(0.15, 0, 90))).toBe('');
  expect(statusOf(news(0.5, 4, 12))).toBe('about 12 s left');
});
