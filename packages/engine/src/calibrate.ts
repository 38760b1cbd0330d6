import { Session, type SessionOptions, type Tensor } from '@retone/runtime';
import type { Backend, Running } from './backends/backend.ts';
import { exactBackend } from './backends/exact.ts';
import { layerOfPeaks, observedLinear } from './backends/quantise.ts';
import { mapValues, settled } from './backends/records.ts';
import { assertFinite } from './finite.ts';
import { generate } from './generate.ts';
import type { GenerateOptions } from './generation/options.ts';
import type { Model } from './model.ts';
import { seededNoise } from './sampling/noise.ts';

// How large the inputs of each layer become: found by running the model in fp32 on a few clips that are made here.

/** Clips and prompts for calibration. The kinds of sound differ more than the prompts do. */
const material: { prompt: string; sound: (i: number, rate: number, noise: number) => number }[] = [
  {
    prompt: 'warm strings over a slow drum',
    sound: (i, rate, noise) => {
      const t = i / rate;
      const beat = Math.exp(-8 * (t % 0.5));
      const chord = [110, 164.81, 220, 277.18].reduce((sum, hz) => sum + Math.sin(2 * Math.PI * hz * t), 0);
      return 0.15 * chord + 0.4 * beat * noise;
    },
  },
  {
    prompt: 'a solo piano, close and dry',
    sound: (i, rate) => {
      const t = i / rate;
      const note = 220 * 2 ** ((Math.floor(t * 4) % 12) / 12);
      return 0.6 * Math.exp(-3 * (t % 0.25)) * Math.sin(2 * Math.PI * note * t);
    },
  },
  { prompt: 'rain on a tin roof, thunder far away', sound: (_i, _rate, noise) => 0.3 * noise },
];

/** Per clip. Autoencoders see some seconds of silence behind it besides. */
const seconds = 4;
const steps = 8;
/** Noise level of calibration: source and generated sound in about equal parts. */
const noiseLevel = 0.8;

/** A backend in fp32 that notes the largest input of every channel in `peaks`, by the layer's name. */
function observingBackend(peaks: Map<string, Float32Array>, options: SessionOptions): Backend {
  return {
    linear: observedLinear,
    async open(weights, builds) {
      const graphs = mapValues(builds, (build) => build());
      weights.assertComplete();
      const sessions = await settled(mapValues(graphs, (graph) => Session.create(graph, options)));
      return mapValues(sessions, (session) => observed(session, peaks));
    },
    uncompiled: exactBackend(options),
  };
}

function observed(session: Session, peaks: Map<string, Float32Array>): Running {
  return {
    release: () => session.release(),
    async run(inputs) {
      const outputs = await session.run(inputs);
      for (const [name, { data }] of Object.entries(outputs)) {
        const layer = layerOfPeaks(name);
        if (layer === undefined) continue;
        const before = peaks.get(layer);
        peaks.set(layer, before ? before.map((peak, i) => Math.max(peak, data[i]!)) : Float32Array.from(data));
        delete outputs[name];
      }
      return outputs;
    },
  };
}

/**
 * The largest inputs of each layer's channels over a few transforms.
 *
 * @param load loads the model to observe with the given backend
 */
export async function calibrate(
  load: (backend: Backend) => Promise<Model>,
  options: SessionOptions,
): Promise<Map<string, Float32Array>> {
  const peaks = new Map<string, Float32Array>();
  const model = await load(observingBackend(peaks, options));
  try {
    for (const seed of material.keys()) await generate(model, { ...calibrationClip(model, seed), steps });
  } finally {
    await model.release();
  }
  for (const [layer, values] of peaks) {
    assertFinite(values, `the input of ${layer}`);
    for (const [i, peak] of values.entries()) values[i] = roundedUp(peak);
  }
  return peaks;
}

/** To a power of the square root of 2: processors differ in the last digits, and should come to the same 8-bit weights. */
function roundedUp(peak: number): number {
  return peak === 0 ? 0 : 2 ** (Math.ceil(2 * Math.log2(peak)) / 2);
}

/** The request that calibrates and checks a model: a recording, a prompt, a seed. */
export function calibrationClip(model: Model, seed = 0): GenerateOptions {
  const { prompt, sound } = material[seed]!;
  const duration = Math.min(seconds, model.maxSeconds);
  const source = clip(model, duration, seed, sound);
  return { prompt, seconds: duration, source, initNoiseLevel: noiseLevel, seed };
}

function clip(model: Model, duration: number, seed: number, sound: (typeof material)[number]['sound']): Tensor {
  const channels = model.audioChannels;
  const samples = Math.floor(duration * model.sampleRate);
  const data = seededNoise(seed).draw(0, channels, samples);
  for (let i = 0; i < data.length; i++) data[i] = sound(i % samples, model.sampleRate, data[i]! / 3);
  return { data, shape: [channels, samples] };
}
