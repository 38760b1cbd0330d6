/** Every error code of a refused request, with its HTTP status. This table is the only place where a code gets its status. */
export const errorStatuses = {
  // The request cannot be read, or a value in it is wrong.
  bad_adapter: 400,
  bad_form: 400,
  bad_request: 400,
  bad_text: 400,
  bad_webhook: 400,
  invalid_parameters: 400,
  no_file: 400,
  too_complex: 400,
  too_deep: 400,
  unknown_upload: 400,
  wrong_size: 400,
  // Whose request it is, and what its owner may do.
  no_key: 401,
  unknown_key: 401,
  insufficient_credit: 402,
  forbidden: 403,
  not_local: 403,
  suspended: 403,
  // The path, or what its last part names, does not exist.
  key_not_found: 404,
  not_found: 404,
  unknown_adapter: 404,
  unknown_file: 404,
  unknown_model: 404,
  unknown_task: 404,
  method_not_allowed: 405,
  timeout: 408,
  file_exists: 409,
  idempotency_mismatch: 409,
  quota_exceeded: 413,
  too_large: 413,
  too_long: 413,
  url_too_long: 414,
  not_audio: 415,
  unsupported_encoding: 415,
  unsupported_media_type: 415,
  range_not_satisfiable: 416,
  expectation_failed: 417,
  // The same request may succeed later.
  account_queue_full: 429,
  rate_limited: 429,
  too_many_bodies: 429,
  headers_too_large: 431,
  internal: 500,
  busy: 503,
  database_unavailable: 503,
  queue_full: 503,
  storage_unavailable: 503,
} as const;

/** The error code of a refused request. */
export type ErrorCode = keyof typeof errorStatuses;

/** The error codes of a failed task, each with what it means. */
export const taskErrors = {
  invalid_parameters: 'a parameter does not fit the recording or the model',
  audio_too_long: 'the recording, or the audio to be made from it, is longer than the model makes',
  audio_too_large: 'the recording needs too much memory',
  audio_not_audio: 'the source is not a sound file',
  audio_no_audio: 'the file has no sound track',
  audio_empty: 'the recording has no samples',
  audio_damaged: 'the recording is cut off or damaged',
  audio_unsupported: 'the recording has a format that is not supported',
  audio_killed: 'the codec was killed or stopped from outside',
  audio_failed: 'the recording or the result could not be coded',
  source_gone: 'the upload has expired',
  source_too_large: 'the file at the URL is too large',
  source_timeout: 'the server at the URL did not answer in time',
  source_unreachable: 'the server at the URL cannot be reached',
  source_blocked_address: 'the URL leads to an address that is not public',
  source_http_status: 'the server at the URL refused the request',
  source_bad: 'the URL, its redirects or its content cannot be used',
  unknown_adapter: 'an adapter does not exist',
  bad_adapter: 'an adapter does not fit the model',
  model_unusable: 'the checkpoint that serves the model is missing or damaged',
  not_finite: 'the network returned values that are not finite',
  engine_crashed: "the engine's process ended in every attempt",
  engine_killed: 'the engine was killed or stopped from outside',
  engine_stalled: 'the engine made no progress in any attempt',
  worker_lost: 'every worker that had the task was lost',
  infrastructure: 'database or file storage were away for a day',
  internal: 'an unexpected error, which is in the log',
} as const;

/** The error code of a failed task. */
export type TaskErrorCode = keyof typeof taskErrors;
