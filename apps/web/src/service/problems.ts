import { audioFormats, inWords, type TaskResult } from '@retone/contract';
import { sentence } from '../shared/format.ts';
import { ServiceError } from './client.ts';

/** Something that went wrong, in words for the musician, and what can be done. */
export interface Problem {
  title: string;
  advice: string;
  /** Offers a remedy by a button. */
  remedy?: 'trim' | 'key' | 'choose';
  /** The same request may do better after so many seconds. */
  retryAfter?: number;
}

/** What an error means for the musician. */
export function problemOf(error: unknown): Problem {
  if (!(error instanceof ServiceError)) {
    return { title: 'Something went wrong in the page', advice: `Try again. (${(error as Error)?.message ?? error})` };
  }
  const { status, code, message, retryAfter } = error;
  if (status === 0) {
    return {
      title: 'The service does not answer',
      advice: 'Nothing is lost. Check that Retone is still running; the page keeps trying.',
      retryAfter: 3,
    };
  }
  if (status === 402) {
    return {
      title: 'Out of credit',
      advice: `${sentence(message)} Add some where Retone runs: npx retone accounts credit 10`,
    };
  }
  if (status === 401) return { title: 'The key is not known', advice: 'Give another API key.', remedy: 'key' };
  if (status === 403) return { title: 'Not allowed', advice: sentence(message) };
  if (code === 'account_queue_full') {
    return { title: 'Too many tasks are waiting', advice: 'Retrying automatically.', retryAfter: retryAfter ?? 10 };
  }
  if (status === 429) {
    return {
      title: 'Too many requests in a minute',
      advice: 'The page goes on by itself.',
      retryAfter: retryAfter ?? 10,
    };
  }
  if (status === 503 && code !== 'queue_full') {
    return { title: 'The service is not available', advice: 'Retrying automatically.', retryAfter: retryAfter ?? 5 };
  }
  if (status === 503) {
    return { title: 'The queue is full', advice: 'The page goes on by itself.', retryAfter: retryAfter ?? 10 };
  }
  if (code === 'too_long') return { title: 'The recording is too long', advice: sentence(message), remedy: 'trim' };
  if (status === 413) {
    return {
      title: 'The file is too large',
      advice: `${sentence(message)} Trim it, or save it as FLAC or MP3.`,
      remedy: 'trim',
    };
  }
  if (status === 415) return notAudio;
  if (status >= 500) return { title: 'The service stumbled', advice: 'Try again. Its log says more.' };
  return { title: 'That cannot be done', advice: sentence(message) };
}

export const notAudio: Problem = {
  title: 'That is not a sound file',
  advice: `Retone reads ${inWords(audioFormats.map(({ title }) => title))}. Choose another file.`,
  remedy: 'choose',
};

/** What a failed task's error means for the musician. */
export function problemOfTask({ error, error_code: code }: Pick<TaskResult, 'error' | 'error_code'>): Problem {
  if (code === 'audio_too_long' || code === 'audio_too_large') {
    return { title: 'The recording is too long', advice: sentence(error), remedy: 'trim' };
  }
  if (code.startsWith('audio_') || code === 'source_gone') {
    return { title: 'The recording cannot be read', advice: sentence(error), remedy: 'choose' };
  }
  if (code === 'invalid_parameters') return { title: 'That cannot be done', advice: sentence(error) };
  return { title: 'It did not work', advice: sentence(error) };
}
