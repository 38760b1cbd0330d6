import { checkUrl, GuardError, newToken, StorageError, type StoredFile } from '@retone/storage';
import { ApiError } from './envelope.ts';
import { fileTooLarge } from './file-form.ts';
import type { Service } from './service.ts';
import { maxFileBytes } from './settings.ts';

// Checks of what a request brings, before it is kept.

/** Most uploads and adapters of an account. */
const mostUploads = 10_000;

/** @throws ApiError when a webhook may not be sent to a URL */
export async function checkWebhook({ settings }: Service, url: string): Promise<void> {
  try {
    await checkUrl(url, { allowHosts: settings.RETONE_ALLOW_HOSTS });
  } catch (error) {
    if (error instanceof GuardError) throw new ApiError('bad_webhook', `webhook: ${error.message}`);
    throw error;
  }
}

/** @throws ApiError when an account has uploaded so much that another file does not fit in its quota */
export async function checkQuota({ settings, files }: Service, accountId: string, bytes: number): Promise<void> {
  const { RETONE_QUOTA_GB: gigabytes } = settings;
  const used = await files.uploadedBytes(accountId);
  if (used.files < mostUploads && used.bytes + bytes <= gigabytes * 1e9) return;
  const message =
    `the account's uploads and adapters must be at most ${gigabytes} GB and ${mostUploads} files; ` +
    'uploads expire, adapters can be deleted';
  throw new ApiError('quota_exceeded', message);
}

/** Stores an upload's bytes under its own key. */
export async function keepUpload(
  { settings, store }: Service,
  content: AsyncIterable<Uint8Array>,
): Promise<StoredFile> {
  try {
    return await store.put(`uploads/${newToken()}`, content, { maxBytes: maxFileBytes(settings) });
  } catch (error) {
    if (error instanceof StorageError && error.code === 'too-large') throw fileTooLarge(settings);
    throw error;
  }
}
