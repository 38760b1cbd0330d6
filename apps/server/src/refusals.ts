import type { ErrorCode } from '@retone/contract';
import { isDiskFull, isOutage } from '@retone/database';
import { StorageError } from '@retone/storage';
import { ApiError, retryAfter } from './envelope.ts';

/** The refusal that an error stands for: our own, an outage or Fastify's. Undefined if the error is unforeseen. */
export function refusalFor(error: Error): ApiError | undefined {
  return error instanceof ApiError ? error : (fromOutage(error) ?? fromFastify(error));
}

/** Database or file storage are away: the same request may succeed later. */
function fromOutage(error: Error): ApiError | undefined {
  const full = (what: string) => {
    const message = `${what} is full: nothing more can be stored until the operator makes room`;
    return new ApiError('disk_full', message, retryAfter(30));
  };
  if (isDiskFull(error)) return full('the disk of the database');
  if (isOutage(error)) return new ApiError('database_unavailable', 'the database does not answer', retryAfter(5));
  if (!(error instanceof StorageError)) return undefined;
  if (error.code === 'full') return full('the disk for files');
  if (error.code !== 'unavailable') return undefined;
  return new ApiError('storage_unavailable', 'the storage of files does not answer', retryAfter(5));
}

/** The codes of Fastify's own refusals, by the status that Fastify gives them. */
const frameworkCodes: Record<number, ErrorCode> = {
  413: 'too_large',
  414: 'url_too_long',
  415: 'unsupported_media_type',
  429: 'rate_limited',
};

/** Fastify's own refusals (broken JSON, unknown media types, bodies too large) in the contract's form. */
export function fromFastify(error: { statusCode?: number; code?: string; message: string }): ApiError | undefined {
  const { statusCode = 500 } = error;
  if (statusCode < 400 || statusCode >= 500) return undefined;
  return new ApiError(frameworkCodes[statusCode] ?? 'bad_request', error.message);
}
