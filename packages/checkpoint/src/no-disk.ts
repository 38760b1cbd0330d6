import { CheckpointError } from './errors.ts';
import type { Files } from './files.ts';

/** A browser has no disk: callers must say where the files of a model are. */
export const disk: Files = {
  isFile: refuse,
  isFolder: refuse,
  names: refuse,
  open: refuse,
};

function refuse(path: string): never {
  throw new CheckpointError('not-found', `${path} cannot be opened: in a browser, files must be given with the path`);
}
