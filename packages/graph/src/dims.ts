/**
 * The size of an axis: a number, or a name for a size that is known only when the graph runs, possibly with a factor
 * and an offset ("T", "17*T", "T+64"). Always in the canonical form that {@link addDims} and {@link scaleDim} make, so
 * that equal sizes are equal strings. A leading question mark ("?T") is for inputs only: 1 or that size, to broadcast.
 */
export type Dim = number | string;
export type Shape = readonly Dim[];

/** `factor * name + offset`; a plain number has factor 0. */
interface Linear {
  factor: number;
  name: string;
  offset: number;
}

export function addDims(a: Dim, b: Dim): Dim {
  const [p, q] = [parse(a), parse(b)];
  if (p.factor && q.factor && p.name !== q.name) throw new TypeError(`cannot add the sizes ${a} and ${b}`);
  return format({ factor: p.factor + q.factor, name: p.name || q.name, offset: p.offset + q.offset });
}

export function scaleDim(a: Dim, factor: number): Dim {
  const p = parse(a);
  return format({ factor: p.factor * factor, name: p.name, offset: p.offset * factor });
}

/** The number that a size is where its name has the given one; a name with a question mark counts as its axis. */
export function sizeAt(dim: Dim, named: Readonly<Record<string, number>>): number {
  const { factor, name, offset } = parse(dim);
  if (factor === 0) return offset;
  const value = named[name.replace('?', '')];
  if (value === undefined) throw new TypeError(`the size of the axis "${name}" must be given`);
  return factor * value + offset;
}

/** The size of the last axis. @throws TypeError where it is known only when the graph runs. */
export function lastDim({ shape }: { shape: Shape }): number {
  return known(shape.at(-1), shape);
}

/** The sizes of the axes, as many as `rank`. @throws TypeError where there are more or fewer. */
export function dims<Rank extends 2 | 3>({ shape }: { shape: Shape }, rank: Rank): Sizes<Dim, Rank> {
  if (shape.length !== rank) throw new TypeError(`[${shape}] has ${shape.length} axes in place of ${rank}`);
  return [...shape] as Sizes<Dim, Rank>;
}

/** The same, of axes whose sizes are all known while the graph is built. @throws TypeError where one is not. */
export function sizes<Rank extends 2 | 3>(x: { shape: Shape }, rank: Rank): Sizes<number, Rank> {
  return dims(x, rank).map((dim) => known(dim, x.shape)) as Sizes<number, Rank>;
}

type Sizes<Size, Rank> = Rank extends 2 ? [Size, Size] : [Size, Size, Size];

function known(dim: Dim | undefined, shape: Shape): number {
  if (typeof dim !== 'number') throw new TypeError(`the size ${dim} of [${shape}] is not known before the graph runs`);
  return dim;
}

/** A shape's number of elements in a form that can be compared, the known factor first. */
export function elementCount(shape: Shape): string {
  let known = 1;
  const unknown: string[] = [];
  for (const dim of shape) {
    const { factor, name, offset } = parse(dim);
    const common = greatestCommonDivisor(factor, offset);
    known *= common;
    if (factor > 0) unknown.push(String(format({ factor: factor / common, name, offset: offset / common })));
  }
  return [known, ...unknown.sort()].join(' x ');
}

/** The shape of an element-wise operation's result, by ONNX's (NumPy's) broadcasting rules. */
export function broadcast(a: Shape, b: Shape): Shape {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, axis) => {
    const p = a[axis - rank + a.length] ?? 1;
    const q = b[axis - rank + b.length] ?? 1;
    if (p === `?${q}`) return q;
    if (q === `?${p}`) return p;
    if (p !== q && p !== 1 && q !== 1)
      throw new TypeError(`cannot broadcast [${a}] with [${b}]: axis ${axis} is ${p} and ${q}`);
    return p === 1 ? q : p;
  });
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? Math.abs(a) : greatestCommonDivisor(b, a % b);
}

function parse(dim: Dim): Linear {
  if (typeof dim === 'number') return { factor: 0, name: '', offset: dim };
  const match = /^(?:(\d+)\*)?(\??[A-Za-z]\w*)([+-]\d+)?$/.exec(dim);
  if (!match) throw new TypeError(`"${dim}" is not the size of an axis`);
  return { factor: Number(match[1] ?? 1), name: match[2]!, offset: Number(match[3] ?? 0) };
}

function format({ factor, name, offset }: Linear): Dim {
  if (factor === 0) return offset;
  return `${factor === 1 ? '' : `${factor}*`}${name}${offset === 0 ? '' : offset > 0 ? `+${offset}` : offset}`;
}
