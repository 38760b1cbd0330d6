import { disk } from '#disk';
import { mistaken } from './content.ts';
import { bytesPerElement, type DType } from './dtype.ts';
import { CheckpointError, mustBe, shown } from './errors.ts';
import type { Bytes, Files } from './files.ts';

/** Where one tensor lies in a safetensors file. `offset` is absolute, in bytes from the start of the file. */
export interface TensorEntry {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly offset: number;
  readonly byteLength: number;
}

/**
 * Longest JSON header that is read, some thirty times what the largest published model has. The format allows 100 MB, but
 * parsed JSON can take fifty times its length in memory.
 */
const maxHeaderBytes = 4 * 2 ** 20;
/** Longest name of a tensor. */
const maxNameLength = 500;

/**
 * An open safetensors file. Only the header is read; tensors stay in the file until asked for.
 *
 * The header is not trusted: every offset is checked against the file's size and against the other tensors before
 * anything is allocated, so that a truncated or hostile file is a {@link CheckpointError} and nothing worse.
 */
export class SafetensorsFile {
  /** Real path (symbolic links resolved), which is what ONNX Runtime needs for external data. */
  readonly path: string;
  readonly byteLength: number;
  readonly tensors: ReadonlyMap<string, TensorEntry>;
  /** The `__metadata__` entry: strings only, by the format's definition. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Undefined for one that is joined from shards. */
  readonly #bytes: Bytes | undefined;
  /** The shard that each tensor is in, by its name. */
  readonly #shards: ReadonlyMap<string, SafetensorsFile>;

  private constructor(
    path: string,
    bytes: Bytes | undefined,
    byteLength: number,
    header: Header,
    shards: ReadonlyMap<string, SafetensorsFile> = new Map(),
  ) {
    this.path = path;
    this.#bytes = bytes;
    this.byteLength = byteLength;
    this.tensors = header.tensors;
    this.metadata = header.metadata;
    this.#shards = shards;
  }

  /**
   * @param files where the path is; default: the disk
   * @throws CheckpointError when the file is absent, truncated, or not a well-formed safetensors file
   */
  static open(path: string, files: Files = disk): SafetensorsFile {
    const bytes = files.open(path);
    try {
      return new SafetensorsFile(bytes.path, bytes, bytes.byteLength, readHeader(path, bytes));
    } catch (error) {
      bytes.close();
      throw error;
    }
  }

  /** Open files as one: each of the tensors named comes from the file beside it. Closing it closes all. */
  static joined(path: string, places: readonly (readonly [tensor: string, file: SafetensorsFile])[]): SafetensorsFile {
    const tensors = new Map(places.map(([tensor, file]) => [tensor, file.tensors.get(tensor)!]));
    const shards = new Map(places);
    const bytes = [...new Set(shards.values())].reduce((sum, { byteLength }) => sum + byteLength, 0);
    return new SafetensorsFile(path, undefined, bytes, { tensors, metadata: {} }, shards);
  }

  /** The file that a tensor lies in, where this one is joined from several; else this one. */
  fileOf({ name }: TensorEntry): SafetensorsFile {
    return this.#shards.get(name) ?? this;
  }

  /** Whether ONNX Runtime can map its tensors from {@link path}. */
  get isOnDisk(): boolean {
    return this.#bytes?.isOnDisk ?? [...this.#shards.values()].every(({ isOnDisk }) => isOnDisk);
  }

  /** Every file that it consists of. */
  get paths(): string[] {
    return [this.path, ...new Set([...this.#shards.values()].map(({ path }) => path))];
  }

  /**
   * Reads a tensor's bytes, or only `rows` rows of it from row `firstRow` on (a row is one index of the first axis).
   * The result is 8-byte aligned.
   */
  read(entry: TensorEntry, firstRow = 0, rows?: number): Uint8Array {
    const file = this.#bytes;
    if (file === undefined) return this.fileOf(entry).read(entry, firstRow, rows);
    const rowBytes = rows === undefined ? 0 : entry.byteLength / (entry.shape[0] || 1);
    const start = entry.offset + firstRow * rowBytes;
    const length = rows === undefined ? entry.byteLength : rows * rowBytes;
    if (start < entry.offset || start + length > entry.offset + entry.byteLength) {
      throw new RangeError(`rows ${firstRow}..${firstRow + (rows ?? 0)} are outside ${entry.name} [${entry.shape}]`);
    }
    const bytes = new Uint8Array(length);
    for (let done = 0; done < length; ) {
      const count = file.read(bytes.subarray(done), start + done);
      if (count === 0) throw new CheckpointError('bad-tensor', `${this.path} ended while ${entry.name} was being read`);
      done += count;
    }
    return bytes;
  }

  /** The same open file under other names, or with other shapes, of its tensors. Closing one of the two closes both. */
  renamed(tensors: ReadonlyMap<string, TensorEntry>): SafetensorsFile {
    return new SafetensorsFile(this.path, this.#bytes, this.byteLength, { tensors, metadata: this.metadata });
  }

  close(): void {
    for (const shard of new Set(this.#shards.values())) shard.close();
    this.#bytes?.close();
  }
}

interface Header {
  tensors: ReadonlyMap<string, TensorEntry>;
  metadata: Readonly<Record<string, string>>;
}

/** Layout: 8 bytes little-endian header length, the JSON header, then the data that its offsets are relative to. */
function readHeader(path: string, file: Bytes): Header {
  const fileSize = file.byteLength;
  const fail = (code: 'not-safetensors' | 'bad-header' | 'bad-tensor', what: string): never => {
    throw new CheckpointError(code, `${path} ${(code !== 'bad-tensor' && mistaken(file)) || what}`);
  };
  if (fileSize < 8) fail('not-safetensors', `must have at least the 8 bytes of a safetensors file (got ${fileSize})`);
  const prefix = new Uint8Array(8);
  file.read(prefix, 0);
  const headerLength = new DataView(prefix.buffer).getBigUint64(0, true);
  if (headerLength > BigInt(fileSize - 8)) {
    const announced = `it announces a header of ${headerLength} bytes, and has ${fileSize} bytes in all`;
    fail('bad-header', `is not a safetensors file, or not all of one: ${announced}`);
  }
  if (headerLength > BigInt(maxHeaderBytes)) {
    fail('bad-header', `must have a header of at most ${maxHeaderBytes} bytes (got ${headerLength})`);
  }
  const headerBytes = new Uint8Array(Number(headerLength));
  file.read(headerBytes, 8);

  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(headerBytes));
  } catch {
    fail('bad-header', 'has a header that is not valid JSON');
  }
  if (!isRecord(json)) return fail('bad-header', 'has a header that is not a JSON object');

  const dataStart = 8 + headerBytes.length;
  const tensors = new Map<string, TensorEntry>();
  let metadata: Record<string, string> = {};
  for (const [name, value] of Object.entries(json)) {
    if (name === '__metadata__') {
      if (!isRecord(value) || !Object.values(value).every((text) => typeof text === 'string')) {
        fail('bad-header', 'has __metadata__ that is not an object of strings');
      }
      metadata = value as Record<string, string>;
      continue;
    }
    if (name.length > maxNameLength || /\p{Cc}/u.test(name)) {
      fail('bad-header', `has a tensor named ${shown(name)}, which is not a name of a weight`);
    }
    const problem = entryProblem(value, fileSize - dataStart);
    if (problem) fail('bad-tensor', `has a bad entry for ${shown(name)}: ${problem}`);
    const entry = value as { dtype: DType; shape: number[]; data_offsets: [number, number] };
    const [begin, end] = entry.data_offsets;
    tensors.set(name, {
      name,
      dtype: entry.dtype,
      shape: entry.shape,
      offset: dataStart + begin,
      byteLength: end - begin,
    });
  }

  const byOffset = [...tensors.values()].sort((a, b) => a.offset - b.offset || a.byteLength - b.byteLength);
  let covered = dataStart;
  for (const entry of byOffset) {
    if (entry.offset < covered)
      fail('bad-tensor', `has overlapping tensors: ${shown(entry.name)} starts inside another`);
    if (entry.offset > covered)
      fail('bad-tensor', `has a gap of ${entry.offset - covered} bytes before ${shown(entry.name)}`);
    covered = entry.offset + entry.byteLength;
  }
  if (covered !== fileSize) fail('bad-tensor', `has ${fileSize - covered} bytes after its last tensor`);
  return { tensors, metadata };
}

/** The fault of one header entry, or undefined. `dataLength` is the size of the file's data section in bytes. */
function entryProblem(value: unknown, dataLength: number): string | undefined {
  if (!isRecord(value)) return 'it must be an object';
  const { dtype, shape, data_offsets: offsets } = value;
  if (typeof dtype !== 'string' || !Object.hasOwn(bytesPerElement, dtype)) {
    return mustBe('dtype', dtype, `be one of ${Object.keys(bytesPerElement).join(', ')}`);
  }
  if (!Array.isArray(shape) || shape.length > 16 || !shape.every(isCount))
    return mustBe('shape', shape, 'be a list of at most 16 sizes');
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isCount))
    return mustBe('data_offsets', offsets, 'be two positions in bytes');
  const [begin, end] = offsets as [number, number];
  if (begin > end || end > dataLength) {
    return `data_offsets must lie within the ${dataLength} bytes of data (got [${begin}, ${end}]); the file may be truncated`;
  }
  // BigInt: the product of an absurd shape must not wrap or lose digits.
  const elements = (shape as number[]).reduce((product, size) => product * BigInt(size), 1n);
  const expected = elements * BigInt(bytesPerElement[dtype as DType]);
  if (expected !== BigInt(end - begin))
    return `data_offsets must span the ${expected} bytes of ${dtype} [${shape}] (got ${end - begin})`;
  return undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
