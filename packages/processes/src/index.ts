export { isStopped } from './stopped.ts';
export { endWithParent, forkTied } from './tied.ts';
