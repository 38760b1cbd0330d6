export { writeAtomically } from './atomic-write.ts';
export * from './browser.ts';
export { freeBytes, freeBytesSync } from './disk-space.ts';
export { evictOldest, markUsed } from './eviction.ts';
export { isFolder, makeFolder, namesIn } from './folders.ts';
export { tryLock } from './lock.ts';
