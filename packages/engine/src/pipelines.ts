import { defaultNoiseLevel } from '@retone/contract';
import type { Tensor } from '@retone/runtime';
import { EngineError } from './errors.ts';
import { generate } from './generate.ts';
import { assertRegion } from './generation/check.ts';
import type { GenerateOptions } from './generation/options.ts';
import { seamSeconds } from './generation/recording.ts';
import { type Region, samplesOf } from './lengths.ts';
import type { Model } from './model.ts';
import { fitted } from './tensors.ts';

/** How a result is made, whatever it is made from. */
export type Controls = Omit<GenerateOptions, 'source' | 'initNoiseLevel' | 'inpaint' | 'seconds'>;

/** Tags of a result's file, the same wherever it was made. */
export function resultTags(prompt: string, seed: number, noiseLevel?: number): Record<string, string> {
  const level = noiseLevel === undefined ? {} : { level: String(noiseLevel) };
  const settings = Object.entries({ seed: String(seed), ...level }).map(([name, value]) => `${name} ${value}`);
  return {
    title: prompt.slice(0, 200),
    // Formats with a fixed list of tags have at least this one.
    comment: `made with Retone, ${settings.join(', ')}, prompt: ${prompt.slice(0, 1000)}`,
    prompt: prompt.slice(0, 1000),
    seed: String(seed),
    ...level,
    encoder: 'Retone',
  };
}

export interface TextToAudioOptions extends Controls {
  seconds: number;
}

/** Makes audio [channels, samples] from a prompt alone. */
export function textToAudio(model: Model, options: TextToAudioOptions): Promise<Tensor> {
  return generate(model, options);
}

export interface AudioToAudioOptions extends Controls {
  /** The recording [channels, samples], at the model's sample rate. */
  audio: Tensor;
  /** Duration of the result; the recording is cut or filled with silence. Default: its own duration, as far as the model reaches. */
  seconds?: number | undefined;
  /** 0 (the recording itself) to 1 (nothing of it). */
  initNoiseLevel?: number | undefined;
}

/** Transforms a recording as a prompt says. */
export function audioToAudio(
  model: Model,
  { audio, seconds, initNoiseLevel = defaultNoiseLevel, ...controls }: AudioToAudioOptions,
): Promise<Tensor> {
  const own = durationOf(model, audio);
  // A duration that is the recording's own gives what none gives, whatever the rounding of its product with the rate.
  const same = seconds !== undefined && Math.abs(seconds - own) * model.sampleRate < 1e-3;
  const duration = seconds === undefined || same ? Math.min(own, model.maxSeconds) : seconds;
  return generate(model, { ...controls, source: audio, initNoiseLevel, seconds: duration });
}

export interface InpaintOptions extends Controls {
  /** The recording [channels, samples], at the model's sample rate. */
  audio: Tensor;
  /** The sections to regenerate; at least one, inside the recording. */
  regions: readonly Region[];
}

/** Regenerates sections of a recording. Outside them it is given back sample by sample; the seams are inside. */
export async function inpaint(model: Model, { audio, regions, ...controls }: InpaintOptions): Promise<Tensor> {
  const seconds = durationOf(model, audio);
  if (regions.length === 0)
    throw new EngineError('invalid-argument', 'regions must have at least one region, with a start and an end');
  for (const region of regions) assertRegion(region);
  for (const { start, end } of regions) {
    if (end <= seconds + 1 / model.sampleRate) continue;
    throw new EngineError(
      'invalid-argument',
      `a region must end within the recording of ${seconds.toFixed(2)} s (got ${start}-${end} s)`,
    );
  }
  const apart = merged(regions);
  const withKept = (made: Tensor) =>
    blended(model, fitted(audio, model.audioChannels, made.shape[1]!), made, apart, 'in-region');
  const onPreview = previewOf(controls, withKept);
  return withKept(await generate(model, { ...controls, onPreview, inpaint: { audio, regions: apart }, seconds }));
}

/** Has previews finished as the result is. */
function previewOf({ onPreview }: Controls, finish: (made: Tensor) => Tensor): Controls['onPreview'] {
  return onPreview && ((audio, step) => onPreview(finish(audio), step));
}

/** Regions in order, those that touch, or leave less between them than two cross-fades, as one: the old recording would leak there. */
function merged(regions: readonly Region[]): Region[] {
  const result: Region[] = [];
  for (const { start, end } of regions.toSorted((a, b) => a.start - b.start)) {
    const before = result.at(-1);
    if (before && start < before.end + 2 * seamSeconds) before.end = Math.max(before.end, end);
    else result.push({ start, end });
  }
  return result;
}

export interface OutpaintOptions extends Controls {
  /** The recording [channels, samples], at the model's sample rate. */
  audio: Tensor;
  /** Seconds to make in front of it, and behind it; not both 0. */
  secondsBefore: number;
  secondsAfter: number;
}

/** Makes what comes before and after a recording. The recording itself stays; the seams are at its very ends. */
export async function outpaint(
  model: Model,
  { audio, secondsBefore, secondsAfter, ...controls }: OutpaintOptions,
): Promise<Tensor> {
  if (!(secondsBefore >= 0 && secondsAfter >= 0 && secondsBefore + secondsAfter > 0)) {
    throw new EngineError(
      'invalid-argument',
      `seconds before and after must be at least 0, and one of them above 0 (got ${secondsBefore} and ${secondsAfter})`,
    );
  }
  const length = audio.shape[1]!;
  const [before, after] = [secondsBefore, secondsAfter].map((seconds) => Math.round(seconds * model.sampleRate)) as [
    number,
    number,
  ];
  const total = before + length + after;
  const stereo = fitted(audio, model.audioChannels, length);
  const canvas = { data: new Float32Array(model.audioChannels * total), shape: [model.audioChannels, total] };
  for (let c = 0; c < model.audioChannels; c++)
    canvas.data.set(stereo.data.subarray(c * length, (c + 1) * length), c * total + before);

  const time = (samples: number) => secondsFor(model, samples);
  const regions = [
    { start: 0, end: before && time(before) },
    { start: time(before + length), end: time(total) },
  ].slice(before ? 0 : 1, after ? 2 : 1);
  const withKept = (made: Tensor) => blended(model, canvas, made, regions, 'in-kept');
  const made = await generate(model, {
    ...controls,
    onPreview: previewOf(controls, withKept),
    inpaint: { audio: canvas, regions },
    seconds: durationOf(model, canvas),
  });
  return withKept(made);
}

/**
 * The kept recording where it is kept, what was made in the regions, and a raised-cosine cross-fade between the two: at
 * the inner edges of a region, or at the outer ones where there is no recording inside.
 */
function blended(
  model: Model,
  kept: Tensor,
  made: Tensor,
  regions: readonly Region[],
  seams: 'in-region' | 'in-kept',
): Tensor {
  const [channels, samples] = made.shape as [number, number];
  const seam = Math.round(seamSeconds * model.sampleRate);
  const share = new Float32Array(samples);
  for (const region of regions) {
    const [start, behind] = samplesOf(region, model.sampleRate);
    const end = Math.min(behind, samples);
    const fade = seams === 'in-region' ? Math.min(seam, Math.floor((end - start) / 4)) : seam;
    const outward = seams === 'in-region' ? 0 : fade;
    for (let i = Math.max(start - outward, 0); i < Math.min(end + outward, samples); i++) {
      // At the ends of the whole there is nothing to fade to.
      const fromStart = start === 0 ? 1 : (i - start + outward + 0.5) / fade;
      const fromEnd = end === samples ? 1 : (end + outward - i - 0.5) / fade;
      const ramp = Math.min(fromStart, fromEnd, 1);
      share[i] = Math.max(share[i]!, 0.5 - 0.5 * Math.cos(Math.PI * ramp));
    }
  }
  const data = new Float32Array(channels * samples);
  for (let c = 0; c < channels; c++) {
    for (let i = 0; i < samples; i++) {
      const at = c * samples + i;
      const weight = share[i]!;
      data[at] = weight === 0 ? kept.data[at]! : kept.data[at]! * (1 - weight) + made.data[at]! * weight;
    }
  }
  return { data, shape: [channels, samples] };
}

function durationOf(model: Model, audio: Tensor): number {
  return secondsFor(model, audio.shape[1]!);
}

/** A time that comes out as this number of samples when it is multiplied by the rate and truncated, whatever the rounding. */
function secondsFor({ sampleRate }: Model, samples: number): number {
  let seconds = samples / sampleRate;
  while (Math.trunc(seconds * sampleRate) < samples) seconds *= 1 + Number.EPSILON;
  return seconds;
}
