import type { Readable } from 'node:stream';

export interface StoredFile {
  key: string;
  /** Bytes. */
  size: number;
}

/** A file as a list has it. */
export interface ListedFile extends StoredFile {
  /** When it was put there. */
  storedAt: Date;
}

export interface PutOptions {
  /** Kept by S3 alone, and only for those who look into the bucket: `open` does not give it back. */
  mediaType?: string | undefined;
  /** Most bytes to take; no limit if not given. */
  maxBytes?: number | undefined;
  signal?: AbortSignal | undefined;
}

/** Bytes of a file, both ends included and counted from 0, as in HTTP. An end after the last byte means the last byte. */
export interface ByteRange {
  start: number;
  end: number;
}

export interface OpenedFile {
  /** Bytes of the whole file, whatever the range. */
  size: number;
  /** To be read to its end or destroyed: it holds a file or a connection. */
  stream: Readable;
}

/**
 * Files by key. A key is a path of our own making (see `checkKey`); no key may be a folder of another (`a` and `a/b`).
 * Several processes may use one store. Every method throws a `StorageError`: `bad-key`, `unavailable`, and what it names.
 */
export interface FileStore {
  /**
   * Stores a file whole or not at all, even if the process dies on the way; a file of that key is replaced at once, and
   * its readers keep the old one. When it returns, the file survives a power failure.
   * @throws StorageError `too-large` or `aborted`; and what `content` throws. Nothing is kept then.
   */
  put(key: string, content: Uint8Array | AsyncIterable<Uint8Array>, options?: PutOptions): Promise<StoredFile>;
  /** Size of a file; undefined if there is none. */
  stat(key: string): Promise<StoredFile | undefined>;
  /**
   * A file's bytes as a stream; undefined if there is none.
   * @throws StorageError `out-of-range` if the range starts after the last byte, or ends before it starts
   */
  open(key: string, range?: ByteRange): Promise<OpenedFile | undefined>;
  /** A whole file; undefined if there is none. */
  read(key: string): Promise<Uint8Array | undefined>;
  /** Removes a file. It is fine if there is none. */
  delete(key: string): Promise<void>;
  /** The files whose keys start with `prefix` ('' for all), in the order of their keys' bytes. */
  list(prefix: string): AsyncIterable<ListedFile>;
}

/** A bucket of Amazon S3 or of a service that speaks its protocol. */
export interface S3Options {
  bucket: string;
  /** Folder in the bucket that all keys are in. */
  prefix?: string | undefined;
  /** `us-east-1` if neither this nor the environment names one. */
  region?: string | undefined;
  /** Base URL of a service other than Amazon's. */
  endpoint?: string | undefined;
  /** Puts the bucket in the URL's path, not in its host name: many services other than Amazon's want that. */
  forcePathStyle?: boolean | undefined;
  /** From where the AWS tools take them (environment, profile, role of the machine) if not given. */
  credentials?: { accessKeyId: string; secretAccessKey: string; sessionToken?: string | undefined } | undefined;
}
