/** Element types of safetensors files, with their size in bytes. */
export const bytesPerElement = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  F8_E5M2: 1,
  F8_E4M3: 1,
  I16: 2,
  U16: 2,
  F16: 2,
  BF16: 2,
  I32: 4,
  U32: 4,
  F32: 4,
  F64: 8,
  I64: 8,
  U64: 8,
} as const;

export type DType = keyof typeof bytesPerElement;

/** The element types that network weights may have here. */
export const weightDTypes = ['F32', 'F16', 'BF16'] as const satisfies readonly DType[];
export type WeightDType = (typeof weightDTypes)[number];

/**
 * Widens little-endian weight bytes to float32. Exact: every fp16 and bf16 value is a float32 value.
 *
 * @param bytes `count * bytesPerElement[dtype]` bytes; need not be aligned.
 */
export function widenToFloat32(bytes: Uint8Array, dtype: WeightDType): Float32Array {
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice();
  if (dtype === 'F32') return new Float32Array(aligned.buffer, aligned.byteOffset, aligned.byteLength / 4);
  const halves = new Uint16Array(aligned.buffer, aligned.byteOffset, aligned.byteLength / 2);
  if (dtype === 'F16') return new Float32Array(new Float16Array(halves.buffer, halves.byteOffset, halves.length));
  // bf16 is the upper half of a float32.
  const words = new Uint32Array(halves.length);
  for (let i = 0; i < halves.length; i++) words[i] = halves[i]! << 16;
  return new Float32Array(words.buffer);
}
