declare module 'fft.js' {
  /** Radix-4 complex transform. Arrays hold real and imaginary parts in turn, and have length 2 * size. */
  export default class FFT {
    constructor(size: number);
    transform(output: Float64Array, input: Float64Array): void;
    /** Divides by the size. */
    inverseTransform(output: Float64Array, input: Float64Array): void;
  }
}
