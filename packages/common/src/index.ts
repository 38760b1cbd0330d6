export { writeAtomically } from './atomic-write.ts';
export { CodedError } from './coded-error.ts';
export { evictOldest, markUsed } from './eviction.ts';
export { isFolder, makeFolder, namesIn } from './folders.ts';
export { tryLock } from './lock.ts';
export { elementsOf } from './shape.ts';
