import { fileURLToPath } from 'node:url';
import { forkTied } from '../src/index.ts';

// A parent for the test, which kills it: says its child's process id once the child runs.
const child = forkTied(fileURLToPath(new URL('child.ts', import.meta.url)), [], {});
child.once('message', () => console.log(child.pid));
