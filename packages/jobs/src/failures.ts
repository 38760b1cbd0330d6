import { AudioError } from '@retone/audio';
import { isOutage } from '@retone/database';
import { GuardError, StorageError } from '@retone/storage';
import { EngineFailure } from './engine-process.ts';
import { ParameterError } from './models.ts';

/**
 * Whose fault a failed try is. `task`: every try would end so. `try`: another may do better, and if three do not, it is the
 * task. `lost`: what did the work was killed or stopped from outside. `infrastructure`: database or file storage were away,
 * and the task has nothing to do with it.
 */
export type Blame = 'task' | 'try' | 'lost' | 'infrastructure';

export interface Failure {
  blame: Blame;
  /** For programs, in snake_case. */
  code: string;
  /** For the task's owner. What nobody foresaw is not shown in its own words. */
  message: string;
}

/** The engine's codes that have another name for clients. */
const engineCodes: Record<string, string> = {
  crashed: 'engine_crashed',
  stalled: 'engine_stalled',
  killed: 'engine_killed',
  internal: 'internal',
  'invalid-argument': 'invalid_parameters',
};

/** What a failed try means. */
export function failureOf(error: unknown): Failure {
  const snake = (code: string) => code.replaceAll('-', '_');
  if (isOutage(error) || (error instanceof StorageError && error.code === 'unavailable')) {
    const message = 'the storage of the service did not answer for too long';
    return { blame: 'infrastructure', code: 'infrastructure', message };
  }
  if (error instanceof EngineFailure) {
    const { code, message } = error;
    const blame = code === 'killed' ? 'lost' : ['crashed', 'stalled', 'internal'].includes(code) ? 'try' : 'task';
    return { blame, code: engineCodes[code] ?? snake(code), message };
  }
  if (error instanceof GuardError) {
    const { code, message } = error;
    const blame = ['unreachable', 'timeout', 'http-status'].includes(code) ? 'try' : 'task';
    return { blame, code: `source_${snake(code)}`, message };
  }
  if (error instanceof AudioError) {
    const { code, message } = error;
    const blame = code === 'killed' ? 'lost' : ['crashed', 'timeout'].includes(code) ? 'try' : 'task';
    return { blame, code: `audio_${snake(code)}`, message };
  }
  if (error instanceof ParameterError) return { blame: 'task', code: error.code, message: error.message };
  const message = 'something went wrong in the service; the log has it under the task id';
  return { blame: 'try', code: 'internal', message };
}
