import { Matrix, QrDecomposition, SVD } from 'ml-matrix';
import { expect, test } from 'vitest';
import { leadingSingularVectors } from '../src/adapters/singular-vectors.ts';
import { seededNoise } from '../src/sampling/noise.ts';

let draws = 0;

/** A matrix of standard normal values. */
function random(rows: number, columns: number): Matrix {
  const values = seededNoise(1).draw(draws++, rows, columns);
  return Matrix.from1DArray(rows, columns, values);
}

/** A matrix with given singular values, and random singular vectors. */
function withValues(rows: number, columns: number, values: readonly number[]): Matrix {
  const bases = [rows, columns].map((size) => new QrDecomposition(random(size, values.length)).orthogonalMatrix);
  return bases[0]!.mmul(Matrix.diag([...values])).mmul(bases[1]!.transpose());
}

function leading(matrix: Matrix, count: number): { exact: Matrix; left: Matrix; right: Matrix } {
  const values = Float32Array.from(matrix.to1DArray());
  const { left, right } = leadingSingularVectors(values, matrix.rows, matrix.columns, count);
  const exact = Matrix.from1DArray(matrix.rows, matrix.columns, values);
  return { exact, left: new Matrix(left).transpose(), right: new Matrix(right).transpose() };
}

const largest = (matrix: Matrix) => matrix.abs().max();
const offOrthonormal = (vectors: Matrix) =>
  largest(Matrix.sub(vectors.transpose().mmul(vectors), Matrix.eye(vectors.columns)));

/** How far vectors are from those of the whole decomposition, whichever sign these have. */
function offFromWhole({ exact, left, right }: ReturnType<typeof leading>): number {
  const whole = new SVD(exact, { autoTranspose: true });
  let off = 0;
  for (let i = 0; i < left.columns; i++) {
    const [u, v] = [whole.leftSingularVectors.getColumnVector(i), whole.rightSingularVectors.getColumnVector(i)];
    const sign = Math.sign(u.dot(left.getColumnVector(i)));
    off = Math.max(off, largest(Matrix.sub(Matrix.mul(u, sign), left.getColumnVector(i))));
    off = Math.max(off, largest(Matrix.sub(Matrix.mul(v, sign), right.getColumnVector(i))));
  }
  return off;
}

test.each([
  ['that is wide', 60, 200, 16],
  ['that is tall', 200, 60, 16],
  ['that is square', 150, 150, 8],
  ['of few rows', 3, 50, 2],
  ['with all of its vectors', 20, 30, 20],
  ['of one value', 1, 1, 1],
])('the vectors are those of the whole decomposition: a matrix %s', (_, rows, columns, count) => {
  expect(offFromWhole(leading(random(rows, columns), count))).toBeLessThan(1e-5);
});

test('singular values close to each other are distinguished', () => {
  const values = [
    10,
    10 * (1 - 1e-4),
    9,
    9 * (1 - 1e-4),
    9 * (1 - 2e-4),
    ...Array.from({ length: 90 }, (_, i) => 8 - i / 20),
  ];
  expect(offFromWhole(leading(withValues(100, 180, values), 5))).toBeLessThan(1e-4);
});

test('singular values that fall far are found to the last', () => {
  const values = Array.from({ length: 40 }, (_, i) => 2 ** (-i / 2));
  expect(offFromWhole(leading(withValues(80, 50, values), 20))).toBeLessThan(1e-4);
});

test('equal singular values give vectors of their common space', () => {
  const { exact, left, right } = leading(
    withValues(50, 70, [5, 5, 5, 5, ...Array.from({ length: 40 }, (_, i) => 4 - i / 20)]),
    4,
  );
  expect(offOrthonormal(left)).toBeLessThan(1e-12);
  expect(largest(Matrix.sub(exact.mmul(right), Matrix.mul(left, 5)))).toBeLessThan(1e-4);
  const identity = leading(Matrix.eye(40), 6);
  expect(offOrthonormal(identity.left)).toBeLessThan(1e-12);
  expect(largest(Matrix.sub(identity.left, identity.right))).toBeLessThan(1e-12);
});

test.each([
  ['of rank 3', withValues(40, 90, [3, 2, 1]), 3],
  ['of zeros', Matrix.zeros(30, 20), 0],
])('a matrix %s has its own vectors first, and others to fill up', (_, matrix, rank) => {
  const made = leading(matrix, 8);
  for (const vectors of [made.left, made.right]) expect(offOrthonormal(vectors)).toBeLessThan(1e-12);
  const own = ({ rows }: Matrix): [number, number, number, number] => [0, rows - 1, 0, rank - 1];
  if (rank === 0) return;
  const { left, right } = made;
  expect(
    offFromWhole({ ...made, left: left.subMatrix(...own(left)), right: right.subMatrix(...own(right)) }),
  ).toBeLessThan(1e-6);
});
