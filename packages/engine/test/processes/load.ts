import { Model } from '../../src/model.ts';

// Loads the model given as the argument in the fast precision, compiling it where it is not compiled.

const model = await Model.load(process.argv[2]!, { precision: 'fast' });
await model.release();
