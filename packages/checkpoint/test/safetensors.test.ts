import { execFileSync } from 'node:child_process';
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { CheckpointError, SafetensorsFile, type WeightDType, widenToFloat32 } from '@retone/checkpoint';
import { afterAll, describe, expect, test } from 'vitest';
import { errorOf } from './errors.ts';
import { bf16, f16, f32, fileOf, safetensors, TestFolder } from './files.ts';

const folder = new TestFolder();
afterAll(() => folder.remove());

/** All values of a stored tensor as float32. */
function valuesOf(file: SafetensorsFile, name: string): number[] {
  const entry = file.tensors.get(name)!;
  return [...widenToFloat32(file.read(entry), entry.dtype as WeightDType)];
}

describe('well-formed files', () => {
  test('values of every weight type come back exactly, the extreme ones too', () => {
    const common = [0, -0, 1, -1.5, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN];
    const tensors = {
      'f32.small': [...common, 2 ** -149, -(2 ** -126), 3.4028234663852886e38, Math.fround(Math.PI)],
      'f16.small': [...common, 2 ** -24, -(2 ** -14), 65504, 0.333251953125],
      'bf16.small': [...common, 2 ** -133, -(2 ** -126), 3.3895313892515355e38, 3.140625],
    };
    const file = folder.open({
      'f32.small': f32([11], tensors['f32.small']),
      'f16.small': f16([11], tensors['f16.small']),
      'bf16.small': bf16([11], tensors['bf16.small']),
    });
    for (const [name, values] of Object.entries(tensors)) expect(valuesOf(file, name)).toEqual(values);
  });

  test('every half-precision bit pattern widens to its value', () => {
    const patterns = Uint16Array.from({ length: 2 ** 16 }, (_, i) => i);
    const bytes = new Uint8Array(patterns.buffer);
    const halves = widenToFloat32(bytes, 'F16');
    const brains = widenToFloat32(bytes, 'BF16');
    for (let i = 0; i < 2 ** 16; i++) {
      const sign = i >> 15 ? -1 : 1;
      const exponent = (i >> 10) & 31;
      const fraction = (i & 1023) / 1024;
      let half = sign * (exponent ? (1 + fraction) * 2 ** (exponent - 15) : fraction * 2 ** -14);
      if (exponent === 31) half = fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
      const brain = new DataView(Uint8Array.of(i >> 8, i & 255, 0, 0).buffer).getFloat32(0);
      if (!Object.is(halves[i], half) || !Object.is(brains[i], brain)) {
        expect([i, halves[i], brains[i]]).toEqual([i, half, brain]);
      }
    }
  });

  test('bytes that are not aligned widen too', () => {
    const bytes = new Uint8Array([99, ...f32([2], [1.25, -7]).bytes]);
    expect([...widenToFloat32(bytes.subarray(1), 'F32')]).toEqual([1.25, -7]);
  });

  test('shapes, offsets and metadata are read; tensors may be empty or scalars', () => {
    const bytes = safetensors(
      { empty: f16([1, 0, 1], []), scalar: f32([], [5]), matrix: f32([2, 3], [1, 2, 3, 4, 5, 6]) },
      { format: 'pt' },
    );
    const path = folder.write(bytes);
    const file = SafetensorsFile.open(path);
    expect(file.metadata).toEqual({ format: 'pt' });
    expect([...file.tensors.values()].map(({ name, shape, byteLength }) => [name, shape, byteLength])).toEqual([
      ['empty', [1, 0, 1], 0],
      ['scalar', [], 4],
      ['matrix', [2, 3], 24],
    ]);
    expect(file.tensors.get('matrix')!.offset).toBe(bytes.length - 24);
    expect(valuesOf(file, 'empty')).toEqual([]);
    expect(valuesOf(file, 'scalar')).toEqual([5]);
    file.close();
  });

  test('rows are read without the others, and only rows that exist', () => {
    const file = folder.open({ before: f32([1], [9]), table: f16([3, 2], [1, 2, 3, 4, 5, 6]) });
    const entry = file.tensors.get('table')!;
    expect([...widenToFloat32(file.read(entry, 1, 2), 'F16')]).toEqual([3, 4, 5, 6]);
    expect(() => file.read(entry, 2, 2)).toThrow(RangeError);
    expect(() => file.read(entry, -1, 1)).toThrow(RangeError);
  });

  test('a header may be padded with blanks, and a file may hold no tensor', () => {
    const file = SafetensorsFile.open(folder.write(fileOf(Buffer.from('{}      '))));
    expect(file.tensors.size).toBe(0);
    file.close();
  });

  test.each(['__proto__', 'constructor', 'toString'])('a tensor named %s is only a name', (name) => {
    const header = Buffer.from(`{"${name}":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`);
    const file = SafetensorsFile.open(folder.write(fileOf(header, f32([1], [3]).bytes)));
    expect([...file.tensors.keys()]).toEqual([name]);
    expect(valuesOf(file, name)).toEqual([3]);
    file.close();
  });

  test('a symbolic link is followed to the file itself', () => {
    const target = folder.write(safetensors({ a: f32([1], [1]) }), 'blob');
    const link = join(folder.path, 'link.safetensors');
    symlinkSync('blob', link);
    const file = SafetensorsFile.open(link);
    expect(file.path).toBe(target);
    file.close();
  });
});

const entry = (over: object) => ({ dtype: 'F32', shape: [2], data_offsets: [0, 8], ...over });
const eight = new Uint8Array(8);
const nested = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;

describe('hostile files', () => {
  test.each<[what: string, bytes: Uint8Array, code: string, message: RegExp]>([
    ['0 bytes', Buffer.alloc(0), 'not-safetensors', /at least the 8 bytes of a safetensors file \(got 0\)/],
    ['7 bytes', Buffer.alloc(7), 'not-safetensors', /at least the 8 bytes of a safetensors file \(got 7\)/],
    ['a header of no bytes', fileOf(Buffer.alloc(0)), 'bad-header', /not valid JSON/],
    ['a header longer than the file', fileOf({}, eight, 11n), 'bad-header', /announces a header of 11 bytes/],
    ['a header of 2^63 bytes', fileOf({}, eight, 2n ** 63n), 'bad-header', /9223372036854775808/],
    ['a header of 2^64 - 1 bytes', fileOf({}, eight, 2n ** 64n - 1n), 'bad-header', /not all of one/],
    ['a header of 5 MB', fileOf(Buffer.alloc(5e6, ' ')), 'bad-header', /at most \d+ bytes \(got 5000000\)/],
    ['a text file', Buffer.from('These are my notes about the weights.'), 'bad-header', /announces/],
    ['a header that is not JSON', fileOf(Buffer.from('{"a":')), 'bad-header', /not valid JSON/],
    ['a header that is not UTF-8', fileOf(Buffer.from('7b22ff223a317d', 'hex')), 'bad-header', /not valid JSON/],
    ['a header that is an array', fileOf([]), 'bad-header', /not a JSON object/],
    ['a header that is null', fileOf(null), 'bad-header', /not a JSON object/],
    ['a header of brackets', fileOf(Buffer.from(nested)), 'bad-header', /not a JSON object/],
    ['metadata that is not text', fileOf({ __metadata__: { a: 1 } }), 'bad-header', /__metadata__/],
    ['an entry that is a number', fileOf({ a: 1 }), 'bad-tensor', /"a": it must be an object/],
    ['an entry that is null', fileOf({ a: null }), 'bad-tensor', /"a": it must be an object/],
    [
      'no dtype',
      fileOf({ a: entry({ dtype: undefined }) }, eight),
      'bad-tensor',
      /dtype is missing; it must be one of BOOL/,
    ],
    [
      'an unknown dtype',
      fileOf({ a: entry({ dtype: 'F13' }) }, eight),
      'bad-tensor',
      /dtype must be one of .* \(got "F13"\)/,
    ],
    [
      'an inherited dtype',
      fileOf({ a: entry({ dtype: 'toString' }) }, eight),
      'bad-tensor',
      /dtype must be one of .* \(got "toString"\)/,
    ],
    [
      'a dtype that is a list',
      fileOf({ a: entry({ dtype: ['F32'] }) }, eight),
      'bad-tensor',
      /dtype must be one of .* \(got \["F32"\]\)/,
    ],
    ['no shape', fileOf({ a: entry({ shape: undefined }) }, eight), 'bad-tensor', /shape is missing; it must be/],
    ['a negative size', fileOf({ a: entry({ shape: [-2] }) }, eight), 'bad-tensor', /sizes \(got \[-2\]\)/],
    ['a fractional size', fileOf({ a: entry({ shape: [1.5] }) }, eight), 'bad-tensor', /sizes \(got \[1.5\]\)/],
    ['a size beyond 2^53', fileOf({ a: entry({ shape: [2 ** 60] }) }, eight), 'bad-tensor', /sizes \(got \[1152/],
    ['17 axes', fileOf({ a: entry({ shape: Array(17).fill(1) }) }, eight), 'bad-tensor', /sizes \(got \[1,1,/],
    [
      'a shape whose product is 0 in 64 bits',
      fileOf({ a: entry({ shape: [2 ** 32, 2 ** 32], data_offsets: [0, 0] }) }),
      'bad-tensor',
      /must span the 73786976294838206464 bytes of .* \(got 0\)/,
    ],
    [
      'a shape nested without end',
      fileOf(Buffer.from(`{"a":{"dtype":"F32","shape":[${nested}],"data_offsets":[0,8]}}`), eight),
      'bad-tensor',
      /sizes \(got an array of 1\)/,
    ],
    [
      'no offsets',
      fileOf({ a: entry({ data_offsets: undefined }) }, eight),
      'bad-tensor',
      /data_offsets is missing; it must be two positions/,
    ],
    ['three offsets', fileOf({ a: entry({ data_offsets: [0, 4, 8] }) }, eight), 'bad-tensor', /\[0,4,8\]/],
    ['negative offsets', fileOf({ a: entry({ data_offsets: [-8, 0] }) }, eight), 'bad-tensor', /\[-8,0\]/],
    ['fractional offsets', fileOf({ a: entry({ data_offsets: [0.5, 8.5] }) }, eight), 'bad-tensor', /\[0.5,8.5\]/],
    ['offsets that are text', fileOf({ a: entry({ data_offsets: ['0', '8'] }) }, eight), 'bad-tensor', /\["0","8"\]/],
    [
      'offsets in reverse',
      fileOf({ a: entry({ data_offsets: [8, 0] }) }, eight),
      'bad-tensor',
      /must lie within the 8 bytes/,
    ],
    [
      'huge offsets',
      fileOf({ a: entry({ data_offsets: [2 ** 52, 2 ** 53 - 1] }) }, eight),
      'bad-tensor',
      /must lie within/,
    ],
    ['a dtype that does not fit', fileOf({ a: entry({ dtype: 'F16' }) }, eight), 'bad-tensor', /must span the 4 bytes/],
    [
      'a shape that does not fit',
      fileOf({ a: entry({ shape: [3] }) }, eight),
      'bad-tensor',
      /must span the 12 bytes of F32 \[3\]/,
    ],
    ['truncated data', fileOf({ a: entry({}) }, eight.subarray(1)), 'bad-tensor', /truncated/],
    ['bytes behind the last tensor', fileOf({ a: entry({}) }, new Uint8Array(9)), 'bad-tensor', /1 bytes after/],
    [
      'a gap',
      fileOf({ a: entry({}), b: entry({ data_offsets: [12, 20] }) }, new Uint8Array(20)),
      'bad-tensor',
      /gap of 4 bytes before "b"/,
    ],
    [
      'overlapping tensors',
      fileOf({ a: entry({}), b: entry({ data_offsets: [4, 12] }) }, new Uint8Array(12)),
      'bad-tensor',
      /overlapping tensors: "b" starts inside another/,
    ],
    ['the same bytes twice', fileOf({ a: entry({}), b: entry({}) }, eight), 'bad-tensor', /overlapping/],
    ['a name with a line break', fileOf({ 'a\nb': entry({}) }, eight), 'bad-header', /named "a\\nb"/],
    ['a name without end', fileOf({ [`${'a.'.repeat(5e5)}`]: entry({}) }, eight), 'bad-header', /named "a\.a\./],
  ])('%s', (_, bytes, code, message) => {
    const path = folder.write(bytes);
    const error = errorOf(() => SafetensorsFile.open(path));
    expect(error.code).toBe(code);
    expect(error.message).toMatch(message);
    expect(error.message.startsWith(path)).toBe(true);
    expect(error.message.length).toBeLessThan(path.length + 200);
  });

  test('a file that is not there', () => {
    const error = errorOf(() => SafetensorsFile.open(join(folder.path, 'nothing')));
    expect(error.code).toBe('not-found');
  });

  test('a folder in place of a file', () => {
    const error = errorOf(() => SafetensorsFile.open(folder.path));
    expect(error.code).toBe('not-safetensors');
    expect(error.message).toMatch(/is not a file$/);
  });

  test.skipIf(process.platform === 'win32')('a named pipe, which would wait for ever', () => {
    const path = join(folder.path, 'pipe');
    execFileSync('mkfifo', [path]);
    expect(errorOf(() => SafetensorsFile.open(path)).code).toBe('not-safetensors');
  });

  test('a file that is cut off while it is open', () => {
    const path = folder.write(safetensors({ a: f32([2], [1, 2]) }));
    const file = SafetensorsFile.open(path);
    folder.write(safetensors({ a: f32([2], [1, 2]) }).subarray(0, -3), path.slice(folder.path.length + 1));
    const error = errorOf(() => file.read(file.tensors.get('a')!));
    expect(error.message).toMatch(/ended while a was being read/);
    file.close();
  });
});

test('thousands of random mutations are read or refused, and nothing else', () => {
  const original = safetensors(
    { 'layer.weight': f32([2, 3], [1, 2, 3, 4, 5, 6]), 'layer.bias': f16([3], [1, 2, 3]), none: bf16([1, 0], []) },
    { format: 'pt' },
  );
  const random = generator(20260101);
  const tokens = ['-', '9999999999', '1e300', '"', '{', '[', ']', '}', ':', ',', 'null', '0', '\\u0000', 'F64', '.5'];
  const outcomes = { read: 0, refused: 0 };
  for (let round = 0; round < 4000; round++) {
    let bytes: Buffer = original;
    for (let edits = 1 + random(3); edits > 0; edits--) bytes = mutated(bytes, random, tokens);
    const path = folder.write(bytes, 'mutated.safetensors');
    try {
      const file = SafetensorsFile.open(path);
      // An accepted file must be consistent: every tensor lies in the file and can be read.
      let total = 0;
      for (const each of file.tensors.values()) total += file.read(each).length;
      expect(total).toBeLessThanOrEqual(bytes.length);
      file.close();
      outcomes.read++;
    } catch (error) {
      if (!(error instanceof CheckpointError) || /[\r\n]/.test(error.message)) {
        throw new Error(`mutation ${round} (${bytes.toString('base64')}) gave ${error}`);
      }
      outcomes.refused++;
    }
  }
  expect(outcomes.read).toBeGreaterThan(50);
  expect(outcomes.refused).toBeGreaterThan(1000);
});

/** One edit: a digit or bit changed, a part removed, repeated or replaced, or the end cut off. */
function mutated(bytes: Buffer, random: (below: number) => number, tokens: readonly string[]): Buffer {
  const at = random(bytes.length);
  const to = Math.min(at + 1 + random(12), bytes.length);
  const join = (middle: Uint8Array | string) =>
    Buffer.concat([bytes.subarray(0, at), Buffer.from(middle as string), bytes.subarray(to)]);
  switch (random(9)) {
    case 0:
      return join(Uint8Array.of(random(256)));
    case 1:
      return join('');
    case 2:
      return join(bytes.subarray(at, to).toString('latin1').repeat(2));
    case 3:
      return join(tokens[random(tokens.length)]!);
    case 4:
      return Buffer.from(bytes.subarray(0, at + 1));
    case 5: {
      const copy = Buffer.from(bytes);
      copy[at]! ^= 1 << random(8);
      return copy;
    }
    default: {
      // Mostly numbers of the header: these are what the checks are about.
      const digits = [...bytes.keys()].filter((i) => bytes[i]! >= 48 && bytes[i]! <= 57);
      const copy = Buffer.from(bytes);
      if (digits.length > 0) copy[digits[random(digits.length)]!] = 48 + random(10);
      return copy;
    }
  }
}

/** Random integers below a bound, the same every time. */
function generator(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}
