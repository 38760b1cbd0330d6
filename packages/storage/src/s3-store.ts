import type { Readable } from 'node:stream';
import type { GetObjectCommandOutput, S3 } from '@aws-sdk/client-s3';
import { StorageError } from './errors.ts';
import { checkKey, checkPrefix } from './keys.ts';
import { LimitedContent } from './limited-content.ts';
import { inParts, type Part } from './parts.ts';
import { clamp, outOfRange } from './range.ts';
import type { ByteRange, FileStore, ListedFile, OpenedFile, PutOptions, S3Options, StoredFile } from './store.ts';

/** Bytes of a part of an upload: what a `put` holds in memory. S3 takes 10,000 parts, of 5 MiB at least. */
const partSize = 8 * 2 ** 20;
/** Milliseconds for a connection. */
const connectionTimeout = 5_000;
/** Connections at once. Every download takes one for as long as its reader does. */
const maxSockets = 1000;

/**
 * Files in a bucket. S3 shows an object once it is whole, so that `put` needs no more for being atomic. Of a process
 * that dies the parts of a large file stay behind, unseen; a rule of the bucket (AbortIncompleteMultipartUpload) removes
 * them.
 */
export class S3Store implements FileStore {
  readonly #bucket: string;
  readonly #prefix: string;
  readonly #options: S3Options;
  #client: Promise<S3> | undefined;

  readonly #requestTimeout: number;

  /** @param requestTimeout milliseconds for an answer's first byte; a part is on its way until then */
  constructor(options: S3Options, requestTimeout: number) {
    this.#requestTimeout = requestTimeout;
    const prefix = options.prefix?.replace(/^\/+|\/+$/g, '');
    this.#prefix = prefix ? `${prefix}/` : '';
    checkPrefix(this.#prefix);
    this.#bucket = options.bucket;
    this.#options = options;
  }

  async put(key: string, content: Uint8Array | AsyncIterable<Uint8Array>, options: PutOptions = {}) {
    const target = { ...this.#object(key), ...(options.mediaType && { ContentType: options.mediaType }) };
    const { signal } = options;
    const chunks = new LimitedContent(content, options);
    const parts = inParts(chunks, partSize);
    try {
      const s3 = await this.#s3();
      const { value: first } = await parts.next();
      if (first?.last) await s3.putObject({ ...target, Body: first.bytes }, within(signal));
      else if (first) await putParts(s3, target, first, parts, signal);
    } catch (error) {
      if (error === chunks.error) throw error;
      if (signal?.aborted) throw new StorageError('aborted', 'storing the file was stopped as asked');
      throw unavailable(error);
    } finally {
      // Content of which S3 refused the first part is not read to its end: it is closed here.
      await parts.return();
    }
    return { key, size: chunks.size };
  }

  async stat(key: string): Promise<StoredFile | undefined> {
    const object = this.#object(key);
    const head = await ifPresent(this.#s3().then((s3) => s3.headObject(object)));
    return head && { key, size: head.ContentLength ?? 0 };
  }

  async open(key: string, range?: ByteRange): Promise<OpenedFile | undefined> {
    const object = this.#object(key);
    // S3 takes a range that ends before it starts for none at all.
    if (range) clamp(range, Infinity);
    const part = range && { Range: `bytes=${range.start}-${Number.isSafeInteger(range.end) ? range.end : ''}` };
    let found: GetObjectCommandOutput | undefined;
    try {
      found = await ifPresent(this.#s3().then((s3) => s3.getObject({ ...object, ...part })));
    } catch (error) {
      throw range && causeOf(error) === 'InvalidRange' ? outOfRange(range) : error;
    }
    if (!found) return undefined;
    const stream = found.Body as Readable; // what it is on Node
    if (!range) return { size: found.ContentLength ?? 0, stream };
    const size = /\/(\d+)$/.exec(found.ContentRange ?? '')?.[1];
    if (size !== undefined) return { size: Number(size), stream };
    stream.destroy();
    throw unavailable(new Error('The S3 service does not understand ranges.'));
  }

  async read(key: string): Promise<Uint8Array | undefined> {
    const object = this.#object(key);
    return ifPresent(
      this.#s3()
        .then((s3) => s3.getObject(object))
        .then((found) => found.Body?.transformToByteArray()),
    );
  }

  async delete(key: string): Promise<void> {
    const object = this.#object(key);
    await ifPresent(this.#s3().then((s3) => s3.deleteObject(object)));
  }

  async *list(prefix: string): AsyncGenerator<ListedFile, void> {
    checkPrefix(prefix);
    let next: string | undefined;
    do {
      const request = { Bucket: this.#bucket, Prefix: this.#prefix + prefix, ...(next && { ContinuationToken: next }) };
      const page = await this.#s3()
        .then((s3) => s3.listObjectsV2(request))
        .catch((error) => {
          throw unavailable(error);
        });
      for (const { Key, Size, LastModified } of page.Contents ?? []) {
        if (Key === undefined) continue;
        yield { key: Key.slice(this.#prefix.length), size: Size ?? 0, storedAt: LastModified ?? new Date() };
      }
      next = page.NextContinuationToken;
    } while (next);
  }

  #object(key: string) {
    checkKey(key);
    return { Bucket: this.#bucket, Key: this.#prefix + key };
  }

  #s3(): Promise<S3> {
    this.#client ??= connect(this.#options, this.#requestTimeout);
    return this.#client;
  }
}

/** Loads the AWS SDK now: those who store on disk do without it. */
async function connect(options: S3Options, requestTimeout: number): Promise<S3> {
  const { S3 } = await import('@aws-sdk/client-s3');
  const { AWS_REGION, AWS_DEFAULT_REGION } = process.env;
  const { accessKeyId, secretAccessKey, sessionToken } = options.credentials ?? {};
  return new S3({
    region: options.region ?? AWS_REGION ?? AWS_DEFAULT_REGION ?? 'us-east-1',
    ...(options.endpoint && { endpoint: options.endpoint }),
    ...(options.forcePathStyle !== undefined && { forcePathStyle: options.forcePathStyle }),
    ...(accessKeyId &&
      secretAccessKey && {
        credentials: { accessKeyId, secretAccessKey, ...(sessionToken && { sessionToken }) },
      }),
    // Services other than Amazon's do not all know the newer checksums. TLS and the signature guard the bytes.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: {
      connectionTimeout,
      requestTimeout,
      throwOnRequestTimeout: true,
      httpAgent: { keepAlive: true, maxSockets },
      httpsAgent: { keepAlive: true, maxSockets },
    },
  });
}

async function putParts(
  s3: S3,
  target: { Bucket: string; Key: string; ContentType?: string },
  first: Part,
  others: AsyncIterable<Part>,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { UploadId } = await s3.createMultipartUpload(target, within(signal));
  const { Bucket, Key } = target;
  const upload = { Bucket, Key, UploadId };
  const Parts: { ETag: string | undefined; PartNumber: number }[] = [];
  const send = async ({ bytes }: Part) => {
    const PartNumber = Parts.length + 1;
    const { ETag } = await s3.uploadPart({ ...upload, PartNumber, Body: bytes }, within(signal));
    Parts.push({ ETag, PartNumber });
  };
  try {
    await send(first);
    for await (const part of others) await send(part);
    await s3.completeMultipartUpload({ ...upload, MultipartUpload: { Parts } }, within(signal));
  } catch (error) {
    await s3.abortMultipartUpload(upload).catch(() => {});
    throw error;
  }
}

function within(signal: AbortSignal | undefined): { abortSignal?: AbortSignal } {
  return signal ? { abortSignal: signal } : {};
}

/** The response for an object; undefined if it does not exist. */
async function ifPresent<T>(request: Promise<T>): Promise<T | undefined> {
  try {
    return await request;
  } catch (error) {
    // "NotFound" is the answer to HEAD, which has no body to say more.
    if (error instanceof Error && ['NoSuchKey', 'NotFound'].includes(error.name)) return undefined;
    throw unavailable(error);
  }
}

function causeOf(error: unknown): string | undefined {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof Error ? cause.name : undefined;
}

function unavailable(error: unknown): StorageError {
  return new StorageError('unavailable', 'the S3 storage cannot be used', { cause: error });
}
