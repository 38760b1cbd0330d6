import { closeSync, existsSync, fstatSync, openSync, readSync, realpathSync, statSync } from 'node:fs';
import { isFolder, namesIn } from '@retone/common';
import { CheckpointError } from './errors.ts';
import type { Bytes, Files } from './files.ts';

/** Most bytes that one call reads: the system's limit is 2 GiB. */
const mostAtOnce = 1 << 30;

/** The files of this machine. */
export const disk: Files = {
  isFile: (path) => existsSync(path) && statSync(path).isFile(),
  isFolder,
  names: namesIn,
  open: openFile,
};

function openFile(path: string): Bytes {
  let descriptor: number;
  let realPath: string;
  try {
    realPath = realpathSync(path);
    // Asked before opening: to open a named pipe would wait for ever.
    if (!statSync(realPath).isFile()) throw new CheckpointError('not-safetensors', `${path} is not a file`);
    descriptor = openSync(realPath, 'r');
  } catch (cause) {
    if (cause instanceof CheckpointError) throw cause;
    const { code, message } = cause as NodeJS.ErrnoException;
    const what = code === 'ENOENT' ? `there is no file ${path}` : `${path} cannot be opened: ${message}`;
    throw new CheckpointError('not-found', what, { cause });
  }
  return {
    path: realPath,
    byteLength: fstatSync(descriptor).size,
    isOnDisk: true,
    read: (target, position) => readSync(descriptor, target, 0, Math.min(target.length, mostAtOnce), position),
    close: () => closeSync(descriptor),
  };
}
