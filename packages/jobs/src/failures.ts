import { AudioError, type AudioErrorCode } from '@retone/audio';
import type { TaskErrorCode } from '@retone/contract';
import { isOutage } from '@retone/database';
import { ParameterError } from '@retone/engine';
import { GuardError, type GuardErrorCode, StorageError } from '@retone/storage';
import { EngineFailure } from './engine-process.ts';

/**
 * Whose fault a failed try is. `task`: every try would end so. `try`: another may do better, and if three do not, it is the
 * task. `lost`: what did the work was killed or stopped from outside. `infrastructure`: database or file storage were away,
 * and the task has nothing to do with it.
 */
export type Blame = 'task' | 'try' | 'lost' | 'infrastructure';

export interface Failure {
  blame: Blame;
  code: TaskErrorCode;
  /** For the task's owner. An unexpected error is not shown in its own words. */
  message: string;
}

/** The engine's error codes; every other one is of its checkpoint. */
const engineCodes: Record<string, TaskErrorCode> = {
  crashed: 'engine_crashed',
  stalled: 'engine_stalled',
  killed: 'engine_killed',
  internal: 'internal',
  'invalid-argument': 'invalid_parameters',
  'too-long': 'audio_too_long',
  'not-finite': 'not_finite',
  'source-gone': 'source_gone',
  'bad-adapter': 'bad_adapter',
  'unknown-adapter': 'unknown_adapter',
};

const sourceCodes: Partial<Record<GuardErrorCode, TaskErrorCode>> = {
  'blocked-address': 'source_blocked_address',
  'http-status': 'source_http_status',
  timeout: 'source_timeout',
  'too-large': 'source_too_large',
  unreachable: 'source_unreachable',
};

const audioCodes: Partial<Record<AudioErrorCode, TaskErrorCode>> = {
  damaged: 'audio_damaged',
  empty: 'audio_empty',
  killed: 'audio_killed',
  'no-audio': 'audio_no_audio',
  'not-audio': 'audio_not_audio',
  'too-large': 'audio_too_large',
  'too-long': 'audio_too_long',
  unsupported: 'audio_unsupported',
};

/** Classifies the error of a failed attempt. */
export function failureOf(error: unknown): Failure {
  if (isOutage(error) || (error instanceof StorageError && ['unavailable', 'full'].includes(error.code))) {
    const message = 'the storage of the service did not answer for too long';
    return { blame: 'infrastructure', code: 'infrastructure', message };
  }
  if (error instanceof EngineFailure) {
    const { code, message } = error;
    const blame = code === 'killed' ? 'lost' : ['crashed', 'stalled', 'internal'].includes(code) ? 'try' : 'task';
    return { blame, code: engineCodes[code] ?? 'model_unusable', message };
  }
  if (error instanceof GuardError) {
    const { code, message } = error;
    const blame = ['unreachable', 'timeout', 'http-status'].includes(code) ? 'try' : 'task';
    return { blame, code: sourceCodes[code] ?? 'source_bad', message };
  }
  if (error instanceof AudioError) {
    const { code, message } = error;
    const blame = code === 'killed' ? 'lost' : ['crashed', 'timeout'].includes(code) ? 'try' : 'task';
    return { blame, code: audioCodes[code] ?? 'audio_failed', message };
  }
  if (error instanceof ParameterError) return { blame: 'task', code: error.code, message: error.message };
  const message = 'an unexpected error occurred; the log has it under the task id';
  return { blame: 'try', code: 'internal', message };
}
