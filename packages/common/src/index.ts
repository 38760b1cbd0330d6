export { writeAtomically } from './atomic-write.ts';
export { CodedError } from './coded-error.ts';
export { evictOldest, markUsed } from './eviction.ts';
export { tryLock } from './lock.ts';
export { makeFolder } from './make-folder.ts';
export { elementsOf } from './shape.ts';
