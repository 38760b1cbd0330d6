import { basename } from 'node:path';
import { answering, engineSettings, type FromEngine, failure, loadModel, type ToEngine } from '@retone/engine';
import { endWithParent } from '@retone/processes';

// The process that has the engine. It loads one model and runs one request at a time; when its parent is gone, so is it.

const send = (message: FromEngine) => {
  process.send!(message);
};
const note = (message: string) => console.error(`retone: ${message}`);

endWithParent();
setInterval(() => send({ type: 'alive' }), 2000);

try {
  const [folder, options] = process.argv.slice(2) as [string, string];
  const { adapters, spinning } = JSON.parse(options);
  const model = await loadModel(folder, {
    ...engineSettings({ spinning }),
    adapters,
    onFallback: note,
    onFold: (done) => done === 0 && note(`folding adapters into ${basename(folder)}, once`),
    onCompile: () => note(`compiling ${basename(folder)}, once`),
  });
  const answer = answering(model, send);
  process.on('message', (message: ToEngine) => answer(message));
} catch (error) {
  send(failure(error));
}
