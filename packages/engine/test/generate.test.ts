import { findModel } from '@retone/checkpoint';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { relativeError } from '../src/fidelity.ts';
import {
  audioToAudio,
  inpaint,
  loadModel,
  type Model,
  outpaint,
  type Progress,
  type Region,
  type Tensor,
  type TextToAudioOptions,
  textToAudio,
} from '../src/index.ts';

// The whole way with the built-in model, on clips so short that the suite stays quick.

let model: Model;
const prompt = 'soft piano';

/** Two decaying notes, left and right different. */
function recording(seconds: number): Tensor {
  const samples = Math.round(seconds * 44100);
  const data = new Float32Array(2 * samples);
  for (let c = 0; c < 2; c++) {
    for (let i = 0; i < samples; i++) {
      const note = i < samples / 2 ? 220 : 330;
      const since = (i % Math.ceil(samples / 2)) / 44100;
      data[c * samples + i] = (0.4 - 0.1 * c) * Math.exp(-3 * since) * Math.sin(2 * Math.PI * note * since);
    }
  }
  return { data, shape: [2, samples] };
}

beforeAll(async () => {
  model = await loadModel(findModel());
});
afterAll(() => model.release());

describe('audio to audio', () => {
  const audio = recording(1.5);

  test('has the duration asked for, is finite, within full scale and not silent', async () => {
    const made = await audioToAudio(model, { audio, prompt, seconds: 1.234, seed: 1 });
    expect(made.shape).toEqual([2, Math.trunc(1.234 * 44100)]);
    expect(made.data.every((value) => Math.abs(value) <= 1)).toBe(true);
    expect(made.data.some((value) => Math.abs(value) > 0.01)).toBe(true);
  });

  test('the same seed gives the same samples, another seed others', async () => {
    const make = (seed: number) => audioToAudio(model, { audio, prompt, seed, steps: 2 });
    const [first, again, other] = [await make(5), await make(5), await make(6)];
    expect(again.data).toEqual(first.data);
    expect(other.data).not.toEqual(first.data);
  });

  test.each([44100, 23373, 35283])(
    'a duration of %i samples gives the same as none on a recording of it',
    async (samples) => {
      const cut = { data: audio.data.slice(0, 2 * samples), shape: [2, samples] };
      const make = (seconds?: number) => audioToAudio(model, { audio: cut, prompt, seconds, seed: 1, steps: 1 });
      const [own, given] = [await make(), await make(samples / 44100)];
      expect(own.shape).toEqual([2, samples]);
      expect(given).toEqual(own);
    },
  );

  test('level 0 gives the source back, cut or filled with silence', async () => {
    const same = await audioToAudio(model, { audio, prompt, initNoiseLevel: 0 });
    expect(same).toEqual(audio);
    const longer = await audioToAudio(model, { audio, prompt, initNoiseLevel: 0, seconds: 2 });
    expect(longer.shape).toEqual([2, 88200]);
    expect(longer.data.subarray(0, audio.shape[1])).toEqual(audio.data.subarray(0, audio.shape[1]));
    expect(longer.data.subarray(audio.shape[1], 88200).every((value) => value === 0)).toBe(true);
  });

  test('reports progress in order, a step at a time', async () => {
    const seen: Progress[] = [];
    await audioToAudio(model, { audio, prompt, steps: 3, onProgress: (progress) => seen.push(progress) });
    const fractions = seen.map(({ fraction }) => fraction);
    expect(fractions).toEqual(fractions.toSorted((a, b) => a - b));
    expect(fractions.at(-1)).toBe(1);
    expect(seen.filter(({ stage }) => stage === 'sample').map(({ step }) => step)).toEqual([0, 1, 2, 3]);
  });

  test('stops between two steps when it is aborted', async () => {
    const abort = new AbortController();
    const steps: number[] = [];
    const run = audioToAudio(model, {
      audio,
      prompt,
      steps: 50,
      signal: abort.signal,
      onProgress: ({ step }) => {
        if (step === undefined) return;
        steps.push(step);
        if (step === 2) abort.abort(new Error('enough'));
      },
    });
    await expect(run).rejects.toThrow('enough');
    expect(Math.max(...steps)).toBe(2);
  });

  test.each([
    [{ initNoiseLevel: 1.5 }, 'the initial noise level must be between 0 and 1 (got 1.5)'],
    [{ steps: 2.5 }, 'the number of steps must be an integer between 1 and 1000 (got 2.5)'],
    [{ seconds: 100_000 }, /^the duration in seconds must be between .* and 190\.217 \(got 100000\)/],
    [{ seed: -1 }, /^the seed must be an integer between 0 and 9007199254740991 \(got -1\)/],
    [{ prompt: 'a'.repeat(10_001) }, 'the prompt must have at most 10000 characters (got 10001)'],
  ])('refuses %j', async (options, message) => {
    await expect(audioToAudio(model, { audio, prompt, ...options })).rejects.toThrow(message);
  });
});

test('text to audio makes the duration asked for', async () => {
  const made = await textToAudio(model, { prompt, seconds: 1, seed: 1, steps: 2 });
  expect(made.shape).toEqual([2, 44100]);
});

test('a negative prompt without effect is a warning', async () => {
  const warnings: string[] = [];
  const options = { prompt, negativePrompt: 'drums', seconds: 0.5, steps: 1, guidanceScale: 1 };
  await textToAudio(model, { ...options, onWarning: (warning) => warnings.push(warning) });
  expect(warnings).toEqual(['the negative prompt has no effect with a guidance scale of 1']);
});

test('peaks stay at or below the ceiling', async () => {
  const peak = async (ceiling?: number | 'off') => {
    const { data } = await textToAudio(model, { prompt, seconds: 1, seed: 1, steps: 2, ceiling });
    return data.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  };
  expect(await peak()).toBeLessThanOrEqual(0.9771);
  expect(await peak(0.1)).toBeLessThanOrEqual(0.1001);
  expect(await peak('off')).toBeGreaterThan(0.1001);
  await expect(peak(0)).rejects.toThrow('the ceiling must be between 0.1 and 1 (got 0)');
});

test('a negative prompt counts with guidance', async () => {
  const make = (negativePrompt?: string) =>
    textToAudio(model, { prompt, negativePrompt, seconds: 0.5, seed: 1, steps: 2, guidanceScale: 3 });
  expect((await make('drums')).data).not.toEqual((await make()).data);
});

describe('guidance', () => {
  const make = (options: Partial<TextToAudioOptions>) =>
    textToAudio(model, { prompt, seconds: 0.5, seed: 1, steps: 3, guidanceScale: 3, ...options });
  const difference = async (a: Partial<TextToAudioOptions>, b: Partial<TextToAudioOptions>) =>
    relativeError((await make(a)).data, (await make(b)).data);

  test('of 0 gives the negative prompt alone, whatever the prompt is, and below 1 what lies between', async () => {
    const negativePrompt = 'drums';
    const at = (guidanceScale: number, words = prompt) => ({ guidanceScale, prompt: words, negativePrompt });
    expect(await difference(at(0), at(0, 'church bells'))).toBeLessThan(1e-3);
    expect(await difference(at(1), at(1, 'church bells'))).toBeGreaterThan(0.05);
    const [near, far] = [await difference(at(0.1), at(0)), await difference(at(0.9), at(0))];
    expect(near).toBeGreaterThan(0);
    expect(near).toBeLessThan(far);
  });

  test('applies in its interval of noise levels alone', async () => {
    const interval = (from: number, to: number) => ({ guidanceInterval: { from, to } });
    expect(await difference(interval(0, 1), {})).toBe(0);
    // No step lies there.
    expect(await difference(interval(0, 1e-6), { guidanceScale: 1 })).toBeLessThan(1e-3);
    expect(await difference(interval(0.9, 1), {})).toBeGreaterThan(1e-3);
    await expect(make(interval(0.5, 0.5))).rejects.toThrow(
      'the guidance interval must be noise levels between 0 and 1, the lower one first (got 0.5-0.5)',
    );
  });

  test.each<Partial<TextToAudioOptions>>([
    { guidanceRescale: 0.7 },
    { guidanceNormThreshold: 0.5 },
    { unconditional: 'padding' },
    { apgScale: 0 },
    { shift: { type: 'flux', min_length: 1, max_length: 2, alpha_min: 4, alpha_max: 4 } },
  ])('is changed by %j', async (options) => {
    const made = await make(options);
    expect(made.data.every(Number.isFinite)).toBe(true);
    expect(relativeError(made.data, (await make({})).data)).toBeGreaterThan(1e-3);
  });

  test('leads away from the padding as from an empty prompt that is all padding', async () => {
    const empty = await model.conditioners.emptyCross({ seconds_total: 1 });
    const { cross } = await model.conditioners.cross({ prompt, seconds_total: 1 });
    expect(empty.shape).toEqual(cross.shape);
    const width = cross.shape[2]!;
    // The rows of a short prompt end in padding.
    const last = (rows: Tensor, row: number) => [...rows.data.subarray(row * width, (row + 1) * width)];
    const padding = model.config.model.conditioning.configs.find(({ id }) => id === 'prompt');
    const length = padding?.type === 't5gemma' ? padding.config.max_length : 0;
    expect(last(empty, 0)).toEqual(last(cross, length - 1));
    expect(last(empty, length - 1)).toEqual(last(cross, length - 1));
  });
});

describe('inpainting', () => {
  const audio = recording(2);
  const at = (tensor: Tensor, from: number, to: number) =>
    [0, 1].flatMap((c) => [...tensor.data.subarray(c * 88200 + from * 44100, c * 88200 + to * 44100)]);

  test('regenerates the regions and leaves everything else unchanged', async () => {
    const regions = [
      { start: 0.5, end: 0.8 },
      { start: 1.25, end: 2 },
    ];
    const made = await inpaint(model, { audio, regions, prompt, seed: 1, steps: 2 });
    expect(made.shape).toEqual(audio.shape);
    for (const [from, to] of [
      [0, 0.5],
      [0.8, 1.25],
    ] as const)
      expect(at(made, from, to)).toEqual(at(audio, from, to));
    for (const { start, end } of regions) expect(at(made, start, end)).not.toEqual(at(audio, start, end));
  });

  test.each([
    ['touch', 1, 1],
    ['overlap', 1.2, 0.8],
    ['are 30 ms apart', 1, 1.03],
    ['are given in another order', 1, 1],
  ])('regions that %s are one', async (what, end, start) => {
    const regions = [
      { start: 0.5, end },
      { start, end: 1.5 },
    ];
    const make = (regions: Region[]) => inpaint(model, { audio, regions, prompt, seed: 1, steps: 2 });
    const made = await make(what.includes('order') ? regions.toReversed() : regions);
    expect(made.data).toEqual((await make([{ start: 0.5, end: 1.5 }])).data);
  });

  test.each([
    [[], 'regions must have at least one region'],
    [[{ start: 1, end: 3 }], /must end within the recording of 2.00 s \(got 1-3 s\)/],
    [[{ start: 1, end: 1 }], 'a region must have a start of at least 0 s and an end after it (got 1-1 s)'],
  ])('refuses regions %j', async (regions, message) => {
    await expect(inpaint(model, { audio, regions, prompt })).rejects.toThrow(message);
  });
});

describe('outpainting', () => {
  const audio = recording(1);

  test.each([
    [0.5, 0.75],
    [0, 0.5],
    [0.5, 0],
  ])('puts %f s before and %f s after the recording, which stays', async (secondsBefore, secondsAfter) => {
    const made = await outpaint(model, { audio, secondsBefore, secondsAfter, prompt, seed: 1, steps: 2 });
    const total = Math.round((secondsBefore + 1 + secondsAfter) * 44100);
    expect(made.shape).toEqual([2, total]);
    const before = secondsBefore * 44100;
    const seam = 0.02 * 44100;
    const kept = made.data.subarray(before + seam, before + 44100 - seam);
    expect(kept).toEqual(audio.data.subarray(seam, 44100 - seam));
    const outside = [...made.data.subarray(0, before), ...made.data.subarray(before + 44100, total)];
    expect(outside.some((value) => Math.abs(value) > 1e-4)).toBe(true);
  });

  test('refuses to add nothing', async () => {
    await expect(outpaint(model, { audio, secondsBefore: 0, secondsAfter: 0, prompt })).rejects.toThrow(
      'one of them above 0 (got 0 and 0)',
    );
  });
});
