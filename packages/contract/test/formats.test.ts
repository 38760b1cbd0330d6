import { expect, test } from 'vitest';
import { formatOfFileName } from '../src/index.ts';

test('formats are found by file name', () => {
  expect(formatOfFileName('a/b/take.one.WAVE')?.name).toBe('wav');
  expect(formatOfFileName('song.oga')?.mediaType).toBe('audio/ogg');
  expect(formatOfFileName('mp3')).toBeUndefined();
  expect(formatOfFileName('song.txt')).toBeUndefined();
});
