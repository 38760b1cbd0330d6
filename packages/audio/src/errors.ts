import { CodedError } from '@retone/common/coded-error';
/** Error codes, for programs. The message is for people. */
export type AudioErrorCode =
  | 'not-found'
  | 'not-a-file'
  | 'unreadable'
  | 'empty'
  | 'not-audio'
  | 'no-audio'
  | 'damaged'
  | 'unsupported'
  | 'too-long'
  | 'too-large'
  | 'timeout'
  | 'crashed'
  | 'killed'
  | 'aborted'
  | 'invalid';

/** An error about a sound file or a request for one. Its message is one line that can be shown as it is. */
export class AudioError extends CodedError<AudioErrorCode> {}
