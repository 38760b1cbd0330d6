import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import { seededNoise } from '../sampling/noise.ts';

// The leading part of a singular value decomposition, by block Lanczos iteration: a basis grows by the products of its
// newest vectors with the Gram matrix, until the leading eigenvectors within the basis are those of the whole (Golub and
// Van Loan, "Matrix Computations", 4th edition, sections 10.1 to 10.3). The whole decomposition takes hundreds of times as long.

/** Vectors that the basis grows by at a time. Of singular values that are exactly equal, as many are distinguished. */
const width = 4;
/** How far a result may be from the exact vector, which has length 1; the reference computes in float32. */
const accuracy = 1e-6;
/** Eigenvalues closer than this, relative to the largest, count as equal: any vectors of their space are right. */
const resolution = 1e-8;
/** A remainder shorter than this, relative to its vector, is a rounding error. */
const roundingError = 1e-13;

/** Singular vectors of a matrix, by falling singular values. */
export interface SingularVectors {
  /** Vectors as long as a column. */
  left: Float64Array[];
  /** Vectors as long as a row. Those that belong to a singular value above 0 have the sign that fits the left one's. */
  right: Float64Array[];
}

/**
 * The leading singular vectors of a matrix [rows, columns].
 *
 * @param count how many; at most the smaller of rows and columns
 */
export function leadingSingularVectors(
  matrix: Float32Array,
  rows: number,
  columns: number,
  count: number,
): SingularVectors {
  const [wide, tall] = [matrix, transposed(matrix, rows, columns)];
  if (rows > columns) {
    const { left, right } = leadingOfWide(tall, wide, columns, count);
    return { left: right, right: left };
  }
  return leadingOfWide(wide, tall, rows, count);
}

/** The vectors of a matrix with no more rows than columns; `tall` is its transpose. */
function leadingOfWide(wide: Float32Array, tall: Float32Array, rows: number, count: number): SingularVectors {
  const left = leadingEigenvectors((block) => products(wide, products(tall, block)), rows, count);
  const images: Float64Array[] = [];
  for (let i = 0; i < count; i += width) {
    const block = Array.from({ length: width }, (_, j) => left[i + j] ?? new Float64Array(rows));
    images.push(...products(tall, block));
  }
  return { left, right: orthonormal(images.slice(0, count)) };
}

/** Eigenvectors of the `count` largest eigenvalues of a symmetric positive matrix of this size, given by its products. */
function leadingEigenvectors(
  multiply: (block: Float64Array[]) => Float64Array[],
  size: number,
  count: number,
): Float64Array[] {
  const basis: Float64Array[] = [];
  /** The matrix within the basis, its upper half by columns. */
  const projected: Float64Array[] = [];
  let block = orthonormal(Array.from({ length: width }, () => new Float64Array(size)));
  for (let look = 2 * count + 8 * width; ; ) {
    basis.push(...block);
    const image = multiply(block);
    for (const [i, vector] of image.entries()) {
      projected.push(Float64Array.from(basis.slice(0, basis.length - width + i + 1), (each) => dot(each, vector)));
    }
    const next = image.map((vector) => withoutParts(vector, basis));
    if (basis.length >= size || basis.length >= look) {
      const { values, vectors } = eigenvectors(projected, Math.min(count + 1, basis.length));
      const coupling = Math.hypot(...next.map(norm));
      const isExact = basis.length >= size;
      if (isExact || converged(values, vectors, coupling, count))
        return orthonormal(vectors.slice(0, count).map((vector) => combined(basis, vector)));
      look = Math.ceil(1.2 * basis.length);
    }
    block = orthonormal(next, basis, Math.max(...image.map(norm)));
  }
}

/** Eigenvalues, falling, and eigenvectors of a symmetric matrix, of which the upper half is given by columns. */
function eigenvectors(upper: readonly Float64Array[], count: number): { values: number[]; vectors: number[][] } {
  const size = upper.length;
  const matrix = new Matrix(size, size);
  for (const [j, column] of upper.entries()) {
    for (const [i, value] of column.entries()) {
      matrix.set(i, j, value);
      matrix.set(j, i, value);
    }
  }
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(matrix, { assumeSymmetric: true });
  // They come rising.
  const places = Array.from({ length: count }, (_, i) => size - 1 - i);
  return {
    values: places.map((place) => realEigenvalues[place]!),
    vectors: places.map((place) => eigenvectorMatrix.getColumn(place)),
  };
}

/**
 * Whether the first `count` eigenvectors within a basis are those of the whole matrix. A vector is off by its residual
 * over the gap to the neighbouring eigenvalues; its residual is what the newest block of the basis has in it, times the
 * coupling of that block with what is outside.
 */
function converged(values: number[], vectors: number[][], coupling: number, count: number): boolean {
  const gap = (i: number) => (i < 0 || i + 1 >= values.length ? Infinity : values[i]! - values[i + 1]!);
  return vectors.slice(0, count).every((vector, i) => {
    const residual = coupling * Math.hypot(...vector.slice(-width));
    return residual <= accuracy * Math.max(Math.min(gap(i - 1), gap(i)), resolution * values[0]!);
  });
}

/**
 * Vectors made orthogonal, to those of a basis and to each other, and of length 1. One that is a combination of the others
 * gives way to a random one; zeros stand where there is no direction left.
 *
 * @param scale what lengths are measured by: a part of a vector far shorter than this is a rounding error
 */
function orthonormal(vectors: readonly Float64Array[], basis: readonly Float64Array[] = [], scale = 0): Float64Array[] {
  const all = [...basis];
  for (const vector of vectors) {
    const rest = withoutParts(vector, all);
    const length = norm(rest);
    if (length > roundingError * Math.max(scale, norm(vector))) all.push(scaled(rest, 1 / length));
    else all.push(randomDirection(vector.length, all));
  }
  return all.slice(basis.length);
}

/** A vector of length 1 that is orthogonal to others; zeros if there is none. */
function randomDirection(size: number, others: readonly Float64Array[]): Float64Array {
  const random = Float64Array.from(seededNoise(0).draw(others.length, 1, size));
  const rest = withoutParts(random, others);
  const length = norm(rest);
  return scaled(rest, length > roundingError * norm(random) ? 1 / length : 0);
}

/** A vector less its parts along others, which are orthogonal and of length 1. */
function withoutParts(vector: Float64Array, others: readonly Float64Array[]): Float64Array {
  const rest = vector.slice();
  // Rounding errors of the first pass, which count where little of the vector is left, the second takes away.
  for (let pass = 0; pass < 2; pass++) {
    for (const other of others) addScaled(rest, -dot(other, rest), other);
  }
  return rest;
}

/** The product of a matrix, given by its rows, with each vector of a block of {@link width}. */
function products(matrix: Float32Array, block: readonly Float64Array[]): Float64Array[] {
  const [a, b, c, d] = block as [Float64Array, Float64Array, Float64Array, Float64Array];
  const rows = matrix.length / a.length;
  const results = block.map(() => new Float64Array(rows));
  for (let row = 0, place = 0; row < rows; row++) {
    let [sumA, sumB, sumC, sumD] = [0, 0, 0, 0];
    for (let i = 0; i < a.length; i++, place++) {
      const value = matrix[place]!;
      sumA += a[i]! * value;
      sumB += b[i]! * value;
      sumC += c[i]! * value;
      sumD += d[i]! * value;
    }
    results[0]![row] = sumA;
    results[1]![row] = sumB;
    results[2]![row] = sumC;
    results[3]![row] = sumD;
  }
  return results;
}

function transposed(matrix: Float32Array, rows: number, columns: number): Float32Array {
  const result = new Float32Array(matrix.length);
  for (let row = 0, place = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++, place++) result[column * rows + row] = matrix[place]!;
  }
  return result;
}

/** The sum of vectors, each times its weight. */
function combined(vectors: readonly Float64Array[], weights: readonly number[]): Float64Array {
  const sum = new Float64Array(vectors[0]!.length);
  for (const [i, vector] of vectors.entries()) addScaled(sum, weights[i]!, vector);
  return sum;
}

function addScaled(target: Float64Array, factor: number, vector: Float64Array): void {
  for (let i = 0; i < target.length; i++) target[i]! += factor * vector[i]!;
}

function scaled(vector: Float64Array, factor: number): Float64Array {
  return vector.map((value) => factor * value);
}

function dot(a: Float64Array, b: Float64Array): number {
  // Four sums, which a processor adds to at once.
  let [sum0, sum1, sum2, sum3] = [0, 0, 0, 0];
  const whole = a.length - (a.length % 4);
  for (let i = 0; i < whole; i += 4) {
    sum0 += a[i]! * b[i]!;
    sum1 += a[i + 1]! * b[i + 1]!;
    sum2 += a[i + 2]! * b[i + 2]!;
    sum3 += a[i + 3]! * b[i + 3]!;
  }
  for (let i = whole; i < a.length; i++) sum0 += a[i]! * b[i]!;
  return sum0 + sum1 + sum2 + sum3;
}

function norm(vector: Float64Array): number {
  return Math.sqrt(dot(vector, vector));
}
