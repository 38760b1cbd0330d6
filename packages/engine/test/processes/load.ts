import { loadModel } from '../../src/load.ts';

// Loads the model given as the argument in the fast precision, compiling it where it is not compiled.

const model = await loadModel(process.argv[2]!, { precision: 'fast' });
await model.release();
