import { join } from 'node:path';
import { type FileStore, openFileStore, type S3Options } from '@retone/storage';
import type { Settings } from './settings.ts';

/** The store of files that the settings name. */
export function openStore(settings: Settings): FileStore {
  const timeoutMs = settings.RETONE_STORAGE_TIMEOUT_SECONDS * 1000;
  const s3 = s3Options(settings);
  return openFileStore({ ...(s3 ? { s3 } : { folder: join(settings.RETONE_DATA, 'files') }), timeoutMs });
}

/** The bucket for files, where there is one. */
function s3Options(settings: Settings): S3Options | undefined {
  const { RETONE_S3_BUCKET: bucket, RETONE_S3_ENDPOINT: endpoint, RETONE_S3_REGION: region } = settings;
  const { RETONE_S3_ACCESS_KEY_ID: accessKeyId, RETONE_S3_SECRET_ACCESS_KEY: secretAccessKey } = settings;
  if (bucket === undefined) return undefined;
  const style = settings.RETONE_S3_PATH_STYLE;
  const credentials = accessKeyId && secretAccessKey ? { accessKeyId, secretAccessKey } : undefined;
  return {
    bucket,
    endpoint,
    region,
    credentials,
    forcePathStyle: style === 'auto' ? endpoint !== undefined : style === 'on',
  };
}
