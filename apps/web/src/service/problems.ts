import type { TaskResult } from '@retone/contract';
import { audioFormats, inWords } from '@retone/contract';
import { DeviceError } from '../device/engine.ts';
import { sentence } from '../shared/format.ts';
import { inTheirWords } from '../shared/parameter-names.ts';
import type { Problem } from '../shared/problem.ts';
import { ServiceError } from './client.ts';

const retrying = (title: string, retryAfter: number): Problem => ({
  title,
  advice: 'Retrying automatically.',
  retryAfter,
});

/** What an error means for the musician. */
export function problemOf(error: unknown): Problem {
  if (error instanceof DeviceError) return problemOfDevice(error);
  if (!(error instanceof ServiceError)) {
    const { message = String(error) } = (error ?? {}) as Error;
    return { title: 'Something went wrong in the page', advice: `Try again. (${message})`, again: true };
  }
  const { status, code, message, retryAfter } = error;
  const said = sentence(inTheirWords(message));
  if (status === 0) {
    const advice = 'Nothing is lost. Check that Retone is still running. Retrying automatically.';
    return { title: 'The service does not answer', advice, retryAfter: 3 };
  }
  if (code === 'account_queue_full') return retrying('Too many tasks are waiting', retryAfter ?? 10);
  if (code === 'queue_full') return retrying('The queue is full', retryAfter ?? 10);
  if (status === 429) return retrying('Too many requests in a minute', retryAfter ?? 10);
  if (status === 503) return retrying('The service is not available', retryAfter ?? 5);
  if (code === 'too_long') return { title: 'The recording is too long', advice: said, remedy: 'trim' };
  if (status === 401)
    return { title: 'The key is not known', advice: 'Use another API key.', remedy: 'key', again: true };
  if (status === 402) {
    return {
      title: 'Out of credit',
      advice: 'Ask the operator of this service to add some, then try again.',
      again: true,
    };
  }
  if (status === 403) return { title: 'Not allowed', advice: said };
  if (status === 404) return { title: 'Not found', advice: said };
  if (status === 413) {
    const advice = `${said} Trim it, or save it as FLAC or MP3.`;
    return { title: 'The file is too large', advice, remedy: 'trim' };
  }
  if (status === 415) return notAudio;
  if (status >= 500) {
    const advice = 'Try again. The log of the service has the details.';
    return { title: 'Something went wrong on the server', advice, again: true };
  }
  return { title: 'That is not possible', advice: said };
}

function problemOfDevice({ code, message }: DeviceError): Problem {
  const advice = sentence(inTheirWords(message));
  if (code === 'audio_too_long' || code === 'too-long')
    return { title: 'The recording is too long', advice, remedy: 'trim' };
  if (code.startsWith('invalid')) return { title: 'That is not possible', advice };
  return { title: 'It did not work on this device', advice, again: true };
}

const notAudio: Problem = {
  title: 'Not a sound file',
  advice: `Retone reads ${inWords(audioFormats.map(({ title }) => title))}. Choose another file.`,
  remedy: 'choose',
};

/** What a failed task's error means for the musician. */
export function problemOfTask({ error, error_code: code }: Pick<TaskResult, 'error' | 'error_code'>): Problem {
  const advice = sentence(inTheirWords(error));
  if (code === 'audio_too_long' || code === 'audio_too_large') {
    return { title: 'The recording is too long', advice, remedy: 'trim' };
  }
  if (code.startsWith('audio_') || code === 'source_gone') {
    return { title: 'The recording cannot be read', advice, remedy: 'choose' };
  }
  // The same request would fail in the same way.
  if (code === 'invalid_parameters') return { title: 'That is not possible', advice };
  return { title: 'It did not work', advice, again: true };
}
