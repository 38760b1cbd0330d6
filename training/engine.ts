// Lets `evaluate.py --engine node` work with the TypeScript engine: loads a model once, then reads one JSON request a line and
// answers each with a line. Audio goes through files of float32, one channel after the other, stereo, at the model's rate.
//
//   node engine.ts MODEL_FOLDER [PRECISION]          (the users' default precision)
//
// {"task": "rebuild" | "transform" | "generate" | "inpaint" | "outpaint", "audio": FILE, "out": FILE, ...options of that pipeline}
// -> {"samples": N, "warnings": [...]} or {"error": "..."}
import { readFileSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { audioToAudio, engineSettings, inpaint, outpaint, type Tensor, textToAudio, loadModel } from '@retone/engine';

interface Request {
  task: keyof typeof tasks;
  audio: string;
  out: string;
}

const model = await loadModel(process.argv[2]!, engineSettings({ precision: process.argv[3] }));

const tasks = {
  /** Through the pretransform and back. */
  rebuild: async ({ audio }: { audio: Tensor }) => model.pretransform.decode(await model.pretransform.encode(audio)),
  transform: (options: Parameters<typeof audioToAudio>[1]) => audioToAudio(model, options),
  generate: (options: Parameters<typeof textToAudio>[1]) => textToAudio(model, options),
  inpaint: (options: Parameters<typeof inpaint>[1]) => inpaint(model, options),
  outpaint: (options: Parameters<typeof outpaint>[1]) => outpaint(model, options),
};

for await (const line of createInterface({ input: process.stdin })) {
  try {
    const { task, audio: file, out, ...options } = JSON.parse(line) as Request;
    const bytes = readFileSync(file);
    const data = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
    const run = tasks[task] as (options: object) => Promise<Tensor>;
    const warnings: string[] = [];
    const onWarning = (warning: string) => warnings.push(warning);
    const made = await run({ ...options, onWarning, audio: { data, shape: [2, data.length / 2] } });
    writeFileSync(out, made.data);
    process.stdout.write(`${JSON.stringify({ samples: made.shape[1], warnings })}\n`);
  } catch (error) {
    process.stdout.write(`${JSON.stringify({ error: String(error) })}\n`);
  }
}
await model.release();
