import type { WritableFormat } from '@retone/contract/formats';
import type { AudioErrorCode } from './errors.ts';
import type { Piece } from './piece.ts';

// Messages between the caller and the codec process. One process does one job and exits.

/** Where the bytes come from, and what to call it in messages. */
export type Source = { name: string } & ({ path: string } | { bytes: Uint8Array });

export interface DecodeJob {
  kind: 'decode';
  source: Source;
  /** Hz; undefined keeps the file's. */
  sampleRate: number | undefined;
  channels: 1 | 2 | undefined;
  mix: 'first-two' | 'downmix';
  /** Seconds of sound that are wanted, from the start; undefined: all. */
  seconds: number | undefined;
  /** Seconds. */
  maxDuration: number;
  /** Bytes of the file. */
  maxBytes: number;
  /** Bytes of decoded samples. */
  maxMemory: number;
}

export interface ProbeJob {
  kind: 'probe';
  source: Source;
  maxBytes: number;
}

export interface EncodeJob {
  kind: 'encode';
  format: WritableFormat;
  sampleRate: number;
  channels: Piece;
  /** Bits per second of a lossy format, all channels together; undefined leaves it to the format. */
  bitrate: number | undefined;
  /** Of wav and flac; 32 is floating point. */
  bitDepth: 16 | 24 | 32;
  /** Tags by the names that FFmpeg has for them. */
  tags: Record<string, string>;
}

export type Job = DecodeJob | ProbeJob | EncodeJob;

/** `result` is the last message of a job that went well, `error` of one that did not. */
export type Reply =
  | { kind: 'piece'; piece: Piece }
  | { kind: 'result'; result: unknown }
  | { kind: 'error'; code: AudioErrorCode; message: string };
