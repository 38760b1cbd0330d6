// How fast the engine is in a browser, beside Node with as many threads in the same run: npm run device-speed

import { findModel } from '@retone/checkpoint';
import { audioToAudio, loadModel } from '@retone/engine';
import { music } from './engine/compare.ts';
import { engineInBrowser } from './engine/in-browser.ts';
import type { Transformed } from './engine/worker.ts';

const request = { prompt: 'a warm synth pad in a large hall', seed: 7 };
const engine = await engineInBrowser();
const seconds = (milliseconds: number) => (milliseconds / 1000).toFixed(2).padStart(6);
console.log('threads  sound   load  browser    Node  ratio');
try {
  for (const threads of [1, 2]) {
    const model = await loadModel(findModel(), { precision: 'exact', threads, spinning: true });
    for (const length of [8, 30]) {
      const audio = music(length);
      const { milliseconds } = await engine.run<Transformed>(threads > 1, 'transform', audio, request);
      const since = performance.now();
      await audioToAudio(model, { ...request, audio, initNoiseLevel: 0.6 });
      const native = performance.now() - since;
      const { load, transform } = milliseconds;
      const ratio = (transform / native).toFixed(1);
      console.log(
        `${threads}        ${String(length).padStart(3)} s ${seconds(load)}   ${seconds(transform)}  ${seconds(native)}  ${ratio}`,
      );
    }
    await model.release();
  }
} finally {
  await engine.close();
}
