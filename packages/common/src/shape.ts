/** How many elements a tensor of a shape has: the product of its dimensions, 1 for a scalar. */
export function elementsOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}
