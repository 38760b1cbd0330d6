import { EngineError } from './errors.ts';

/** One of some names. @throws EngineError saying which there are */
export function choice<Name extends string>(what: string, names: readonly Name[], given: string): Name {
  const found = names.find((name) => name === given);
  if (found) return found;
  throw new EngineError('invalid-argument', `${what} must be ${names.join(', ')} (got "${given}")`);
}
